{#- What the compression policy would do some day, done now: one chunk a transaction, so that readers wait briefly and a
    killed run keeps what it has. -#}
{% macro compress_old_chunks() %}
    {%- set chunks = run_query(
        "select format('%I.%I', c.chunk_schema, c.chunk_name) from timescaledb_information.chunks as c"
        ~ " inner join timescaledb_information.jobs as j on c.hypertable_schema = j.hypertable_schema"
        ~ " and c.hypertable_name = j.hypertable_name and j.proc_name in ('policy_compression', 'policy_columnstore')"
        ~ " where not c.is_compressed and c.range_end <= now() - (j.config ->> 'compress_after')::interval order by c.range_end"
    ).rows -%}
    {%- do set_batch_rows() -%}
    {%- for chunk in chunks -%}
        {%- do run_alone(compress_chunk_sql(chunk[0])) -%}
    {%- endfor -%}
    {%- if chunks -%}
        {%- do log('Compressed ' ~ counted(chunks | length, 'chunk') ~ '.', info=True) -%}
    {%- endif -%}
{% endmacro %}
