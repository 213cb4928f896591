{% macro decompress_chunks(table) %}
    {%- set chunks = timescale.chunk_list(table, true) -%}
    {%- for chunk in chunks -%}
        {%- do timescale.run_outside_transaction(timescale.decompress_chunk_sql(chunk)) -%}
    {%- endfor -%}
    {%- do log('Decompressed ' ~ timescale.counted(chunks | length, 'chunk') ~ ' of ' ~ table ~ '.', info=True) -%}
{% endmacro %}

{#- A changed layout applies to chunks that are compressed after it; this brings it to the others, one at a time. -#}
{% macro recompress_chunks(table) %}
    {%- set chunks = timescale.chunk_list(table, true) -%}
    {%- do timescale.set_compression_settings() -%}
    {%- for chunk in chunks -%}
        {%- do timescale.run_outside_transaction(timescale.decompress_chunk_sql(chunk)) -%}
        {%- do timescale.run_outside_transaction(timescale.compress_chunk_sql(chunk)) -%}
    {%- endfor -%}
    {%- do log('Compressed ' ~ timescale.counted(chunks | length, 'chunk') ~ ' of ' ~ table ~ ' anew.', info=True) -%}
{% endmacro %}

{#- Parents first, as they were made first; aggregates that are no model are left to whoever made them. -#}
{% macro refresh_aggregates() %}
    {%- set names -%}
        select format('%I.%I', user_view_schema, user_view_name)
        from _timescaledb_catalog.continuous_agg
        where format('%I.%I', user_view_schema, user_view_name) in ('{{ timescale.declared_aggregates() | join("', '") }}')
        order by mat_hypertable_id
    {%- endset -%}
    {%- do timescale.create_refresh_procedure() -%}
    {%- for name in run_query(names).columns[0].values() -%}
        {%- do timescale.refresh_aggregate(name, everything=true) -%}
        {%- do log('Refreshed ' ~ name ~ '.', info=True) -%}
    {%- endfor -%}
{% endmacro %}

{% macro run_policies() %}
    {%- set jobs -%}
        select
            job_id,
            coalesce(hypertable_name || ': ', '') || proc_name
        from timescaledb_information.jobs
        where proc_name like 'policy_%' and (hypertable_name is not null or proc_schema = '{{ timescale.state_schema() }}')
        order by job_id
    {%- endset -%}
    {%- for row in run_query(jobs).rows -%}
        {%- do timescale.run_outside_transaction('call ' ~ timescale.timescaledb() ~ '.run_job(' ~ row[0] ~ ')') -%}
        {%- do log('Ran ' ~ row[1] ~ '.', info=True) -%}
    {%- endfor -%}
{% endmacro %}
