{#- Adding a policy that exists with another interval keeps the old one or fails, so: compare, remove, add. -#}
{% macro reconcile_refresh_policy(relation, policy) %}
    {%- set found = run_query(
        "select j.schedule_interval = interval '" ~ policy.schedule ~ "'"
        ~ " and (j.config ->> 'start_offset')::interval = interval '" ~ policy.start_offset ~ "'"
        ~ " and (j.config ->> 'end_offset')::interval = interval '" ~ policy.end_offset ~ "'"
        ~ " from timescaledb_information.jobs as j inner join timescaledb_information.continuous_aggregates as a"
        ~ " on j.hypertable_schema in (a.materialization_hypertable_schema, a.view_schema)"
        ~ " and j.hypertable_name in (a.materialization_hypertable_name, a.view_name)"
        ~ " where j.proc_name = 'policy_refresh_continuous_aggregate' and a.view_schema = '" ~ relation.schema
        ~ "' and a.view_name = '" ~ relation.identifier ~ "'"
    ).rows -%}
    {%- if found and not found[0][0] -%}
        {%- do run_query("select " ~ timescaledb() ~ ".remove_continuous_aggregate_policy('" ~ relation ~ "')") -%}
    {%- endif -%}
    {%- if not found or not found[0][0] -%}
        {%- do run_query(
            "select " ~ timescaledb() ~ ".add_continuous_aggregate_policy('" ~ relation ~ "', start_offset => interval '" ~ policy.start_offset
            ~ "', end_offset => interval '" ~ policy.end_offset ~ "', schedule_interval => interval '" ~ policy.schedule
            ~ "', initial_start => date_trunc('day', now()) + interval '1 day')"
        ) -%}
    {%- endif -%}
{% endmacro %}
