{#- TimescaleDB has this as a setting and not with the table, so it goes to the database: a policy's worker has no other session.
    Nothing happens where a version cannot go so far, nor for a user who does not own the database. -#}
{% macro set_batch_rows() %}
    {%- set setting = 'timescaledb.compression_batch_size_limit' -%}
    {%- set rows = var('compression_batch_rows') -%}
    {%- for database in run_query(
        "select format('%I', d.datname) from pg_settings as s cross join pg_database as d where s.name = '" ~ setting
        ~ "' and s.setting::int <> " ~ rows ~ " and s.max_val::int >= " ~ rows
        ~ " and d.datname = current_database() and pg_has_role(d.datdba, 'usage')"
    ).rows -%}
        {%- do run_alone('alter database ' ~ database[0] ~ ' set ' ~ setting ~ ' = ' ~ rows ~ '; set ' ~ setting ~ ' = ' ~ rows) -%}
    {%- endfor -%}
{% endmacro %}
