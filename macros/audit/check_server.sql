{#- Before anything is made: whoever runs on a server that cannot carry the target should learn it from one sentence. What
    this makes itself, the extension, is rolled back with it: only then its edition and version can be told for certain. -#}
{% macro check_server() %}
    {%- if execute and flags.WHICH in ('run', 'build', 'test') -%}
        {%- set where = target.name ~ ' (' ~ target.dbname ~ ')' -%}
        {%- set server = run_query(
            "select current_setting('server_version_num')::int, current_setting('server_version'),"
            ~ " exists (select from pg_available_extensions where name = 'timescaledb'),"
            ~ " exists (select from pg_settings where name like 'timescaledb.%'), "
            ~ " num_nulls(to_regclass('raw._loads'), to_regclass('raw._tables'), to_regclass('raw._removed')) = 0"
        ).rows[0] -%}
        {%- if server[0] < 150000 -%}
            {{ refuse(
                "The target " ~ where ~ " is PostgreSQL " ~ server[1] ~ ": version 15 or newer is needed.") }}
        {%- elif not server[2] -%}
            {{ refuse(
                "The target " ~ where ~ " has no TimescaleDB: install the Community edition of TimescaleDB 2.11 or newer"
                ~ " on that server (PostgreSQL " ~ server[1] ~ "), or use QUANT_TARGET=embedded.") }}
        {%- elif not server[3] -%}
            {{ refuse(
                "The target " ~ where ~ " has TimescaleDB but does not load it: add timescaledb to shared_preload_libraries"
                ~ " in its postgresql.conf and restart it.") }}
        {%- endif -%}
        {%- do run_query('begin') -%}
        {%- do run_query('create extension if not exists timescaledb schema public') -%}
        {%- set version = timescale_version() -%}
        {%- if version < 211 -%}
            {{ refuse(
                "The target " ~ where ~ " has a TimescaleDB older than 2.11: install a newer one on that server, then run"
                ~ " `alter extension timescaledb update` in the database.") }}
        {%- elif run_query("select current_setting('timescaledb.license')").rows[0][0] == 'apache' -%}
            {{ refuse(
                "The target " ~ where ~ " runs the Apache edition of TimescaleDB, which has no compression, continuous"
                ~ " aggregates or policies: install the Community edition, or set timescaledb.license = 'timescale' in"
                ~ " postgresql.conf and restart.") }}
        {%- elif version < 212 and not run_query("select current_setting('is_superuser') = 'on'").rows[0][0] -%}
            {{ refuse(
                "The target " ~ where ~ " has TimescaleDB 2.11, on which only a superuser can make aggregates of quarters and"
                ~ " years that are right: install a newer one on that server, then run `alter extension timescaledb update`"
                ~ " in the database, or build as a superuser.") }}
        {%- elif not server[4] -%}
            {{ refuse(
                "Nothing has been loaded into the target " ~ where ~ ": run `python -m loader.run` first.") }}
        {%- endif -%}
        {%- do run_query('commit') -%}
    {%- endif -%}
{% endmacro %}
