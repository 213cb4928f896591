{#- Before anything is made: whoever runs on a server that cannot carry the target should learn it from one sentence. -#}
{% macro check_server() %}
    {%- if execute and flags.WHICH in ('run', 'build', 'test') -%}
        {%- set found = run_query(
            "select (select count(*) from pg_available_extensions where name = 'timescaledb'),"
            ~ " (select extversion from pg_extension where extname = 'timescaledb'),"
            ~ " current_setting('timescaledb.license', true), current_setting('server_version'),"
            ~ " current_setting('server_version_num')::int, to_regclass('raw._loads') is not null"
        ).rows[0] -%}
        {%- set where = target.name ~ ' (' ~ target.dbname ~ ')' -%}
        {%- if found[0] == 0 -%}
            {{ exceptions.raise_compiler_error(
                "The target " ~ where ~ " has no TimescaleDB: install the Community edition of TimescaleDB 2.11 or newer"
                ~ " on that server (PostgreSQL " ~ found[3] ~ "), or use QUANT_TARGET=embedded.") }}
        {%- elif found[2] == 'apache' -%}
            {{ exceptions.raise_compiler_error(
                "The target " ~ where ~ " runs the Apache edition of TimescaleDB, which has no compression, continuous"
                ~ " aggregates or policies: install the Community edition, or set timescaledb.license = 'timescale' in"
                ~ " postgresql.conf and restart.") }}
        {%- elif found[4] < 150000 -%}
            {{ exceptions.raise_compiler_error(
                "The target " ~ where ~ " is PostgreSQL " ~ found[3] ~ ": version 15 or newer is needed.") }}
        {%- elif not found[5] -%}
            {{ exceptions.raise_compiler_error(
                "Nothing has been loaded into the target " ~ where ~ ": run `python -m loader.run` first.") }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
