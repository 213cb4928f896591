{% macro canonical_date(column) -%}
    canonical.date_of({{ column }})
{%- endmacro %}
