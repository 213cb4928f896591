{#- It first runs the next night: the build compresses by itself, and a worker amid it would wait for it or deadlock. -#}
{% macro reconcile_compression_policy(relation, after) %}
    {%- set found = run_query(
        "select coalesce((config ->> 'compress_after')::interval = interval '" ~ after ~ "', false)"
        ~ " from timescaledb_information.jobs where proc_name in ('policy_compression', 'policy_columnstore') and"
        ~ " hypertable_schema = '" ~ relation.schema ~ "' and hypertable_name = '" ~ relation.identifier ~ "'"
    ).rows -%}
    {%- if found and not found[0][0] -%}
        {%- do run_query("select " ~ timescaledb() ~ ".remove_compression_policy('" ~ relation ~ "')" if timescale_version() < 218
            else "call " ~ timescaledb() ~ ".remove_columnstore_policy('" ~ relation ~ "')") -%}
    {%- endif -%}
    {%- if not found or not found[0][0] -%}
        {%- set add = ["select " ~ timescaledb() ~ ".add_compression_policy(", "compress_after"] if timescale_version() < 218
            else ["call " ~ timescaledb() ~ ".add_columnstore_policy(", "after"] -%}
        {%- do run_query(add[0] ~ "'" ~ relation ~ "', " ~ add[1] ~ " => interval '" ~ after
            ~ "', initial_start => date_trunc('day', now()) + interval '25 hours')") -%}
    {%- endif -%}
{% endmacro %}
