{% macro canonical_timestamp(column) -%}
    canonical.instant_of({{ column }})
{%- endmacro %}
