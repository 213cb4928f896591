{#- As major * 100 + minor, so that it can be compared: 2.22.1 → 222. -#}
{% macro timescale_version() %}
    {{ return(run_query(
        "select split_part(extversion, '.', 1)::int * 100 + split_part(extversion, '.', 2)::int"
        ~ " from pg_extension where extname = 'timescaledb'"
    ).rows[0][0]) }}
{% endmacro %}
