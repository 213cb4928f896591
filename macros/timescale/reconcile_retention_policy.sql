{#- `never` holds against a policy that somebody else has added, too: no age drops a row that raw still has, or parity would
    be broken by the clock. An age is for the time after the cut-over. -#}
{% macro reconcile_retention_policy(relation, drop_after) %}
    {%- set wanted = drop_after != 'never' -%}
    {%- set found = run_query(
        "select " ~ ("coalesce((config ->> 'drop_after')::interval = interval '" ~ drop_after ~ "', false)" if wanted else "false")
        ~ " from timescaledb_information.jobs where proc_name = 'policy_retention' and hypertable_schema = '" ~ relation.schema
        ~ "' and hypertable_name = '" ~ relation.identifier ~ "'"
    ).rows -%}
    {%- if found and not found[0][0] -%}
        {%- do run_query("select " ~ timescaledb() ~ ".remove_retention_policy('" ~ relation ~ "')") -%}
        {%- do log('Removed a retention policy of ' ~ relation.identifier ~ ' that is not the declared one.', info=True) -%}
    {%- endif -%}
    {%- if wanted and not (found and found[0][0]) -%}
        {%- do run_query("select " ~ timescaledb() ~ ".add_retention_policy('" ~ relation ~ "', drop_after => interval '" ~ drop_after
            ~ "', initial_start => date_trunc('day', now()) + interval '25 hours')") -%}
    {%- endif -%}
{% endmacro %}
