{#- Offline (`dbt compile --no-populate-cache`) nobody can be asked: the declared columns stand in. The names that the models
    use themselves are none of the source's: the loader gives such a column another one. -#}
{% macro raw_columns(table) %}
    {%- if not execute -%}
        {{ return({}) }}
    {%- elif invocation_args_dict.get('populate_cache') is sameas false -%}
        {{ return(declared_columns(table)) }}
    {%- endif -%}
    {%- set known = adapter.known() -%}
    {%- if 'raw_columns' not in known -%}
        {%- do known.update({'raw_columns': columns_of_raw()}) -%}
    {%- endif -%}
    {%- set columns = dict(known.raw_columns.get(table, {})) -%}
    {%- for own in ['_rowid', '_load_id', '_parent_load_id', '_rank', '_reason', 'source_rowid'] -%}
        {%- do columns.pop(own, none) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- Of all its tables at once. A load that alters them meanwhile belongs to the next build. -#}
{% macro columns_of_raw() %}
    {%- set sql -%}
        select
            c.relname,
            a.attname,
            format_type(a.atttypid, a.atttypmod)
        from pg_class as c
        inner join pg_attribute as a on c.oid = a.attrelid
        where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        order by
            c.relname,
            a.attnum
    {%- endset -%}
    {%- set columns = {} -%}
    {%- for row in run_query(sql).rows -%}
        {%- do columns.setdefault(row[0], {}).update({row[1]: row[2]}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
