{#- Those built on it go first and are rebuilt by their own models. What retention took from the days is in the aggregate
    alone: then it is not dropped, and the build ends with a sentence. -#}
{% macro drop_aggregate(relation) %}
    {%- set below %}
        with recursive below as (
            select
                a.mat_hypertable_id,
                a.user_view_schema,
                a.user_view_name
            from _timescaledb_catalog.continuous_agg as a
            where a.user_view_schema = '{{ relation.schema }}' and a.user_view_name = '{{ relation.identifier }}'
            union all
            select
                a.mat_hypertable_id,
                a.user_view_schema,
                a.user_view_name
            from _timescaledb_catalog.continuous_agg as a
            inner join below on a.raw_hypertable_id = below.mat_hypertable_id
        )

        select format('%I.%I', user_view_schema, user_view_name) as name from below order by mat_hypertable_id desc
    {%- endset -%}
    {%- set names = run_query(below).columns[0].values() -%}
    {%- set history = timescale.history_of_aggregate(relation) -%}
    {%- if history -%}
        {%- set renames = [] -%}
        {%- for name in names -%}
            {%- do renames.append('alter materialized view ' ~ name ~ ' rename to ' ~ name.split('.')[1] ~ '_old') -%}
        {%- endfor -%}
        {{ exceptions.raise_compiler_error(
            "The SQL of " ~ relation.identifier ~ " has changed, but it holds the time before " ~ history ~ ", whose days were dropped by"
            ~ " retention and would not come again: nothing was changed. Put the SQL back; or keep the history under another name"
            ~ " (" ~ renames | join('; ') ~ ") and build again, which makes new aggregates of the days that are left.") }}
    {%- endif -%}
    {%- for name in names -%}
        {%- do run_query('drop materialized view ' ~ name) -%}
    {%- endfor -%}
{% endmacro %}

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
        from {{ timescale.state_schema() }}.retained_from('{{ base[0] }}') as retained (from_day)
        where exists (select from {{ relation }} where {{ adapter.quote(base[1]) }} < retained.from_day)
    {%- endset -%}
    {%- set rows = run_query(left_from).rows -%}
    {{ return(rows[0][0] if rows else none) }}
{% endmacro %}

{#- Whether a bucket is stored that is not over: what is written into it would not show. -#}
{% macro watermark_is_ahead(relation) %}
    {%- set ahead %}
        select w.watermark > extract(epoch from {{ timescale.timescaledb() }}.time_bucket(f.bucket_width::interval, current_date)) * 1000000
        from _timescaledb_catalog.continuous_agg as a
        inner join _timescaledb_catalog.continuous_aggs_watermark as w on a.mat_hypertable_id = w.mat_hypertable_id
        inner join _timescaledb_catalog.continuous_aggs_bucket_function as f on a.mat_hypertable_id = f.mat_hypertable_id
        where a.user_view_schema = '{{ relation.schema }}' and a.user_view_name = '{{ relation.identifier }}'
    {%- endset -%}
    {%- set rows = run_query(ahead).rows -%}
    {{ return(rows | length > 0 and rows[0][0]) }}
{% endmacro %}

{#- TimescaleDB 2.11 writes down the year of an aggregate on an aggregate as 360 days, the quarter as 90, and refreshes by
    them: years show twice, or stale. This writes what 2.12 does, before the first refresh. -#}
{% macro restore_bucket_width(relation) %}
    {%- if timescale.timescale_version() < 212 -%}
        {%- set sql -%}
            update _timescaledb_catalog.continuous_aggs_bucket_function as b
            set bucket_width = make_interval(months => extract(day from b.bucket_width::interval)::int / 30)
            from _timescaledb_catalog.continuous_agg as a
            where
                a.mat_hypertable_id = b.mat_hypertable_id
                and a.user_view_schema = '{{ relation.schema }}'
                and a.user_view_name = '{{ relation.identifier }}'
                and extract(day from b.bucket_width::interval) > 0
        {%- endset -%}
        {%- do run_query(sql) -%}
    {%- endif -%}
{% endmacro %}

{#- A sum that is the same in whatever order its rows come: of doubles that holds for numeric alone. A cast without text
    would round to 15 digits. -#}
{% macro summed(column, relation) -%}
    {%- set offline = not execute or invocation_args_dict.get('populate_cache') is sameas false -%}
    {%- set types = {} if offline else timescale.existing_columns(relation | string) -%}
    sum({{ column }}{{ '::text::numeric' if types.get(column) == 'double precision' }})
{%- endmacro %}
