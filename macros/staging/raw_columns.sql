{#- Offline (`dbt compile --no-populate-cache`) nobody can be asked: the declared columns stand in. -#}
{% macro raw_columns(table) %}
    {%- if not execute -%}
        {{ return({}) }}
    {%- elif invocation_args_dict.get('populate_cache') is sameas false -%}
        {{ return(declared_columns(table)) }}
    {%- endif -%}
    {%- set found = run_query(
        "select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute as a"
        ~ " where a.attrelid = to_regclass(" ~ dbt.string_literal('raw.' ~ adapter.quote(table)) ~ ")"
        ~ " and a.attnum > 0 and not a.attisdropped and a.attname not in ('_rowid', '_load_id') order by a.attnum"
    ) -%}
    {%- set columns = {} -%}
    {%- for row in found.rows -%}
        {%- do columns.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
