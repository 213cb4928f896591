{#- dbt makes schemas before on-run-start: what the server cannot carry is told before that. -#}
{% macro postgres__create_schema(relation) %}
    {%- do adapter.check_target([relation.schema ~ '.relation']) -%}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation.without_identifier().include(database=false) }}
    {%- endcall -%}
{% endmacro %}
