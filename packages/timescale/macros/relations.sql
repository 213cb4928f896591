{#- A continuous aggregate is a view in PostgreSQL's catalog, and dbt would try to replace or drop it as one.
    Functions are left out: those in public are the extension's, some 400. dbt lists before on-run-start has looked
    for the extension, so its catalog may not be there yet. -#}
{% macro postgres__list_relations_without_caching(schema_relation) %}
    {%- set aggregates = 'timescaledb_information.continuous_aggregates' -%}
    {%- if run_query("select to_regclass('" ~ aggregates ~ "') is null").rows[0][0] -%}
        {%- set aggregates = '(select null::name as view_schema, null::name as view_name)' -%}
    {%- endif -%}
    {% call statement('list_relations_without_caching', fetch_result=True) -%}
        select
            '{{ schema_relation.database }}' as database,
            c.relname as name,
            n.nspname as schema,
            case
                when c.relkind in ('r', 'p', 'f') then 'table'
                when c.relkind = 'm' or a.view_name is not null then 'materialized_view'
                else 'view'
            end as type
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        left join {{ aggregates }} as a on n.nspname = a.view_schema and c.relname = a.view_name
        where n.nspname ilike '{{ schema_relation.schema }}' and c.relkind in ('r', 'p', 'f', 'v', 'm')
    {%- endcall %}
    {{ return(load_result('list_relations_without_caching').table) }}
{% endmacro %}
