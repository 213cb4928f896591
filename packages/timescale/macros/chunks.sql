{#- The chunks of a hypertable that are compressed, or that are not, oldest first. -#}
{% macro chunk_list(table, compressed, schema=target.schema) %}
    {%- set sql -%}
        select hypertable_name from timescaledb_information.hypertables
        where hypertable_schema = '{{ schema }}'
        order by hypertable_name
    {%- endset -%}
    {%- set hypertables = run_query(sql).columns[0].values() -%}
    {%- if table not in hypertables -%}
        {{ exceptions.raise_compiler_error(
            "There is no hypertable '" ~ table ~ "' in " ~ schema ~ ": name one with --args '{table: …}'; there are "
            ~ (hypertables | join(', ') or 'none, before the first build') ~ ".") }}
    {%- endif -%}
    {%- set sql -%}
        select format('%I.%I', chunk_schema, chunk_name)
        from timescaledb_information.chunks
        where hypertable_schema = '{{ schema }}' and hypertable_name = '{{ table }}' and is_compressed = {{ compressed }}
        order by range_start
    {%- endset -%}
    {{ return(run_query(sql).columns[0].values()) }}
{% endmacro %}

{#- The old function fails on a chunk that a policy's worker has compressed while this waited for it. -#}
{% macro compress_chunk_sql(chunk) -%}
    {%- if timescale.timescale_version() >= 218 -%}
        call {{ timescale.timescaledb() }}.convert_to_columnstore('{{ chunk }}', if_not_columnstore => true)
    {%- else -%}
        do $$ begin
            perform {{ timescale.timescaledb() }}.compress_chunk('{{ chunk }}', if_not_compressed => true);
        exception when duplicate_object then null;
        end $$
    {%- endif -%}
{%- endmacro %}

{% macro decompress_chunk_sql(chunk) -%}
    {%- if timescale.timescale_version() >= 218 -%}
        call {{ timescale.timescaledb() }}.convert_to_rowstore('{{ chunk }}', if_columnstore => true)
    {%- else -%}
        select {{ timescale.timescaledb() }}.decompress_chunk('{{ chunk }}', if_compressed => true)
    {%- endif -%}
{%- endmacro %}

{#- What the compression policy would do some day, done now: one chunk a transaction, so that readers wait briefly and a
    killed run keeps what it has. -#}
{% macro compress_old_chunks() %}
    {%- set sql -%}
        select format('%I.%I', c.chunk_schema, c.chunk_name)
        from timescaledb_information.chunks as c
        inner join timescaledb_information.jobs as j
            on c.hypertable_schema = j.hypertable_schema and c.hypertable_name = j.hypertable_name
        where
            j.proc_name in ('policy_compression', 'policy_columnstore')
            and not c.is_compressed
            and c.range_end <= now() - (j.config ->> 'compress_after')::interval
        order by c.range_end
    {%- endset -%}
    {%- set chunks = run_query(sql).rows -%}
    {%- do timescale.set_compression_settings() -%}
    {%- for chunk in chunks -%}
        {%- do timescale.run_outside_transaction(timescale.compress_chunk_sql(chunk[0])) -%}
    {%- endfor -%}
    {%- if chunks -%}
        {%- do log('Compressed ' ~ timescale.counted(chunks | length, 'chunk') ~ '.', info=True) -%}
    {%- endif -%}
{% endmacro %}

{#- On every target, so that a build ends in the same state: the server's workers would compress the old chunks within
    hours, the embedded engine has none. -#}
{% macro run_due_policies() %}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- do timescale.compress_old_chunks() -%}
    {%- endif -%}
{% endmacro %}
