{#- Names and exact types of a relation, or none if there is no such relation. -#}
{% macro existing_columns(name) %}
    {%- set found = run_query(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        ~ " where attrelid = to_regclass(" ~ dbt.string_literal(name) ~ ") and attnum > 0 and not attisdropped order by attnum"
    ) -%}
    {%- set columns = {} -%}
    {%- for row in found.rows -%}
        {%- do columns.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
