{#- Applies to chunks that are made from now on; those that exist keep their span. -#}
{% macro reconcile_chunk_interval(relation, hypertable) %}
    {%- set same = run_query(
        "select time_interval = interval '" ~ hypertable.chunk_interval ~ "' from timescaledb_information.dimensions"
        ~ " where hypertable_schema = '" ~ relation.schema ~ "' and hypertable_name = '" ~ relation.identifier
        ~ "' and dimension_number = 1"
    ).rows[0][0] -%}
    {%- if not same -%}
        {%- do run_query("select " ~ timescaledb() ~ ".set_chunk_time_interval('" ~ relation ~ "', interval '"
            ~ hypertable.chunk_interval ~ "')") -%}
    {%- endif -%}
{% endmacro %}
