{#- Asked each time right before a name in that schema is used: see quant/server/extension.py. Offline (`dbt compile
    --no-populate-cache`) nobody can be asked. -#}
{% macro timescaledb() -%}
    {%- set asked = execute and invocation_args_dict.get('populate_cache') is not sameas false -%}
    {{ adapter.timescaledb() if asked else 'public' }}
{%- endmacro %}

{#- As major * 100 + minor, so that it can be compared: 2.22.1 → 222. -#}
{% macro timescale_version() %}
    {%- set sql -%}
        select split_part(extversion, '.', 1)::int * 100 + split_part(extversion, '.', 2)::int
        from pg_extension
        where extname = 'timescaledb'
    {%- endset -%}
    {{ return(run_query(sql).rows[0][0]) }}
{% endmacro %}

{#- No index of its own: the indexes that a table wants are declared with it. -#}
{% macro create_hypertable(relation, time_column, chunk_interval) %}
    {%- set sql -%}
        select {{ timescaledb() }}.create_hypertable(
            '{{ relation }}', '{{ time_column }}',
            chunk_time_interval => interval '{{ chunk_interval }}', create_default_indexes => false
        )
    {%- endset -%}
    {%- do run_query(sql) -%}
{% endmacro %}

{#- Applies to chunks that are made from now on; those that exist keep their span. -#}
{% macro reconcile_chunk_interval(relation, hypertable) %}
    {%- set sql -%}
        select time_interval = interval '{{ hypertable.chunk_interval }}'
        from timescaledb_information.dimensions
        where
            hypertable_schema = '{{ relation.schema }}'
            and hypertable_name = '{{ relation.identifier }}'
            and dimension_number = 1
    {%- endset -%}
    {%- if not run_query(sql).rows[0][0] -%}
        {%- set sql -%}
            select {{ timescaledb() }}.set_chunk_time_interval('{{ relation }}', interval '{{ hypertable.chunk_interval }}')
        {%- endset -%}
        {%- do run_query(sql) -%}
    {%- endif -%}
{% endmacro %}

{#- Some commands refuse to run inside a transaction. psycopg2 has sent its BEGIN already, so after a COMMIT of ours it
    sends none, and what follows runs by itself. -#}
{% macro run_outside_transaction(sql) %}
    {%- do run_query('commit') -%}
    {%- do run_query(sql) -%}
    {%- do run_query('commit') -%}
{% endmacro %}
