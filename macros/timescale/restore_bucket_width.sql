{#- TimescaleDB 2.11 writes down the year of an aggregate on an aggregate as 360 days, the quarter as 90, and refreshes by
    them: years show twice, or stale. This writes what 2.12 does, before the first refresh. -#}
{% macro restore_bucket_width(relation) %}
    {%- if timescale_version() < 212 -%}
        {%- do run_query(
            "update _timescaledb_catalog.continuous_aggs_bucket_function as b"
            ~ " set bucket_width = make_interval(months => extract(day from b.bucket_width::interval)::int / 30)"
            ~ " from _timescaledb_catalog.continuous_agg as a where a.mat_hypertable_id = b.mat_hypertable_id"
            ~ " and a.user_view_schema = '" ~ relation.schema ~ "' and a.user_view_name = '" ~ relation.identifier
            ~ "' and extract(day from b.bucket_width::interval) > 0"
        ) -%}
    {%- endif -%}
{% endmacro %}
