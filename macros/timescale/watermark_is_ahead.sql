{#- Whether a bucket is stored that is not over: what is written into it would not show. -#}
{% macro watermark_is_ahead(relation) %}
    {%- set ahead %}
        select w.watermark > extract(epoch from {{ timescaledb() }}.time_bucket(f.bucket_width::interval, current_date)) * 1000000
        from _timescaledb_catalog.continuous_agg as a
        inner join _timescaledb_catalog.continuous_aggs_watermark as w on a.mat_hypertable_id = w.mat_hypertable_id
        inner join _timescaledb_catalog.continuous_aggs_bucket_function as f on a.mat_hypertable_id = f.mat_hypertable_id
        where a.user_view_schema = '{{ relation.schema }}' and a.user_view_name = '{{ relation.identifier }}'
    {%- endset -%}
    {%- set rows = run_query(ahead).rows -%}
    {{ return(rows | length > 0 and rows[0][0]) }}
{% endmacro %}
