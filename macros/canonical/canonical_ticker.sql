{% macro canonical_ticker(column) -%}
    nullif(btrim({{ column }}), '')
{%- endmacro %}
