{% macro chunk_list(table, compressed) %}
    {%- set hypertables = run_query(
        "select hypertable_name from timescaledb_information.hypertables where hypertable_schema = 'public' order by 1"
    ).columns[0].values() -%}
    {%- if table not in hypertables -%}
        {{ exceptions.raise_compiler_error(
            "There is no hypertable '" ~ table ~ "' in public: name one with --args '{table: …}'; there are "
            ~ (hypertables | join(', ') or 'none, before the first build') ~ ".") }}
    {%- endif -%}
    {%- set found = run_query(
        "select format('%I.%I', chunk_schema, chunk_name) from timescaledb_information.chunks where hypertable_schema = 'public'"
        ~ " and hypertable_name = '" ~ table ~ "' and is_compressed = " ~ compressed ~ " order by range_start"
    ) -%}
    {{ return(found.columns[0].values()) }}
{% endmacro %}
