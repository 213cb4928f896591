{#- A view that is dropped at once is the cheapest way to hear the exact types of a query; nothing of it is run. -#}
{% macro query_columns(sql) %}
    {%- do run_query("create temporary view query_columns_probe as " ~ sql) -%}
    {%- set columns = existing_columns('pg_temp.query_columns_probe') -%}
    {%- do run_query("drop view pg_temp.query_columns_probe") -%}
    {{ return(columns) }}
{% endmacro %}
