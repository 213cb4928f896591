{#- A sum that is the same in whatever order its rows come: of doubles that holds for numeric alone. A cast without text
    would round to 15 digits. -#}
{% macro summed(column, relation) -%}
    {%- set offline = not execute or invocation_args_dict.get('populate_cache') is sameas false -%}
    {%- set types = {} if offline else existing_columns(relation | string) -%}
    sum({{ column }}{{ '::text::numeric' if types.get(column) == 'double precision' }})
{%- endmacro %}
