{#- Schemas carry their own names on every target: raw, staging, public, audit. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
