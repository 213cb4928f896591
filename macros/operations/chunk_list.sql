{% macro chunk_list(table, compressed) %}
    {%- set found = run_query(
        "select format('%I.%I', chunk_schema, chunk_name) from timescaledb_information.chunks where hypertable_schema = 'public'"
        ~ " and hypertable_name = '" ~ table ~ "' and is_compressed = " ~ compressed ~ " order by range_start"
    ) -%}
    {{ return(found.columns[0].values()) }}
{% endmacro %}
