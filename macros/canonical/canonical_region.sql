{% macro canonical_region(column) -%}
    nullif(upper(btrim({{ column }})), '')
{%- endmacro %}
