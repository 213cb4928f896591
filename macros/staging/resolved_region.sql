{#- The one rule for every table: the row's own region, then what its parents say, then what the ticker looks like. -#}
{% macro resolved_region(ticker, own=none, parents=['parents.parent']) -%}
    coalesce(
        {%- if own %} {{ canonical_region(own) }},{% endif %}
        {%- for parent in parents %} {{ parent }}_region,{% endfor %} {{ region_by_ticker_shape(canonical_ticker(ticker)) }})
{%- endmacro %}
