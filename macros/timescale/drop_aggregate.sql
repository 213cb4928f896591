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
    {%- set history = history_of_aggregate(relation) -%}
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
        {%- do statement_rows('drop materialized view ' ~ name) -%}
    {%- endfor -%}
{% endmacro %}
