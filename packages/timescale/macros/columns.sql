{#- Names and exact types of a relation, or none if there is no such relation. -#}
{% macro existing_columns(name) %}
    {%- set sql -%}
        select
            attname,
            format_type(atttypid, atttypmod)
        from pg_attribute
        where attrelid = to_regclass({{ dbt.string_literal(name) }}) and attnum > 0 and not attisdropped
        order by attnum
    {%- endset -%}
    {%- set columns = {} -%}
    {%- for row in run_query(sql).rows -%}
        {%- do columns.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- A view that is dropped at once is the cheapest way to hear the exact types of a query; nothing of it is run. -#}
{% macro query_columns(sql) %}
    {%- do run_query("create temporary view query_columns_probe as " ~ sql) -%}
    {%- set columns = timescale.existing_columns('pg_temp.query_columns_probe') -%}
    {%- do run_query("drop view pg_temp.query_columns_probe") -%}
    {{ return(columns) }}
{% endmacro %}
