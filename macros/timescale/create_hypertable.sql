{#- No index of its own: the indexes that a table wants are declared with it. -#}
{% macro create_hypertable(relation, time_column, chunk_interval) %}
    {%- do run_query(
        "select " ~ timescaledb() ~ ".create_hypertable('" ~ relation ~ "', '" ~ time_column ~ "', chunk_time_interval => interval '"
        ~ chunk_interval ~ "', create_default_indexes => false)"
    ) -%}
{% endmacro %}
