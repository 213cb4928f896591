{#- Where the days begin that are left of those that an aggregate was made from, if it holds buckets from before; else none.
    Such an aggregate cannot be made again. -#}
{% macro history_of_aggregate(relation) %}
    {%- set base -%}
        select
            format('%I.%I', b.schema_name, b.table_name),
            d.column_name
        from _timescaledb_catalog.continuous_agg as a
        inner join _timescaledb_catalog.hypertable as b on a.raw_hypertable_id = b.id
        inner join _timescaledb_catalog.dimension as d on a.mat_hypertable_id = d.hypertable_id
        where a.user_view_schema = '{{ relation.schema }}' and a.user_view_name = '{{ relation.identifier }}'
    {%- endset -%}
    {%- set base = run_query(base).rows[0] -%}
    {%- set left_from -%}
        select retained.from_day::text
        from audit.retained_from('{{ base[0] }}') as retained (from_day)
        where exists (select from {{ relation }} where {{ adapter.quote(base[1]) }} < retained.from_day)
    {%- endset -%}
    {%- set rows = run_query(left_from).rows -%}
    {{ return(rows[0][0] if rows else none) }}
{% endmacro %}
