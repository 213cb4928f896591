{% macro compression_is_set_up(relation) %}
    {{ return(run_query(
        "select hypertable_name from timescaledb_information.hypertables where hypertable_schema = '" ~ relation.schema
        ~ "' and hypertable_name = '" ~ relation.identifier ~ "' and compression_enabled"
    ).rows | length > 0) }}
{% endmacro %}
