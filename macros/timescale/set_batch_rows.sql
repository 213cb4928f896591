{#- TimescaleDB has the size of a batch as a setting and not with the table, so it goes to the database: a policy's worker has
    no other session. With it goes the limit on what a statement may unpack: it counts whole batches, so that of larger ones
    an ordinary correction would be refused (docs/decisions/0004). Nothing happens where a version cannot go so far. -#}
{% macro set_batch_rows() %}
    {%- set wanted = {
        'timescaledb.compression_batch_size_limit': var('compression_batch_rows'),
        'timescaledb.max_tuples_decompressed_per_dml_transaction': 0
    } -%}
    {%- for setting, value in wanted.items() -%}
        {%- set database -%}
            select
                format('%I', d.datname),
                pg_has_role(d.datdba, 'usage'),
                pg_get_userbyid(d.datdba)
            from pg_settings as s
            cross join pg_database as d
            where
                s.name = '{{ setting }}'
                and s.setting::int <> {{ value }}
                and s.max_val::int >= {{ value }}
                and d.datname = current_database()
        {%- endset -%}
        {%- for found in run_query(database).rows -%}
            {%- set set_it = ' set ' ~ setting ~ ' = ' ~ value -%}
            {%- if found[1] -%}
                {%- do run_alone('alter database ' ~ found[0] ~ set_it ~ ';' ~ set_it) -%}
            {%- else -%}
                {%- do log('The database belongs to ' ~ found[2] ~ ', who alone can do this: alter database ' ~ found[0] ~ set_it ~ ';', info=True) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
