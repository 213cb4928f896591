{#- The first day that was changed since the last refresh, as one row, or no row if nothing was. An aggregate that was never
    refreshed has one span without beginning and end, which does not count: nothing of it can be lost. -#}
{% macro first_change(relation) %}
    {{ return(run_query(
        "with aggregate as (select * from _timescaledb_catalog.continuous_agg"
        ~ " where format('%I.%I', user_view_schema, user_view_name)::regclass = '" ~ relation ~ "'::regclass),"
        ~ " spans as (select l.lowest_modified_value as lowest from _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log as l"
        ~ " inner join aggregate as a on l.hypertable_id = a.raw_hypertable_id"
        ~ " union all select l.lowest_modified_value from _timescaledb_catalog.continuous_aggs_materialization_invalidation_log as l"
        ~ " inner join aggregate as a on l.materialization_id = a.mat_hypertable_id"
        ~ " where l.greatest_modified_value < 9223372036854775807)"
        ~ " select _timescaledb_functions.to_date(nullif(min(lowest), -9223372036854775808))::text from spans having count(*) > 0"
    ).rows) }}
{% endmacro %}
