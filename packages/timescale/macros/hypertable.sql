{#- The schema of TimescaleDB's functions, quoted. Offline (`dbt compile --no-populate-cache`) nobody can be asked. -#}
{% macro timescaledb() -%}
    {%- set asked = execute and invocation_args_dict.get('populate_cache') is not sameas false -%}
    {{ adapter.dispatch('timescaledb', 'timescale')() if asked else 'public' }}
{%- endmacro %}

{% macro default__timescaledb() -%}
    {%- set sql -%}
        select quote_ident(n.nspname)
        from pg_extension as e
        inner join pg_namespace as n on e.extnamespace = n.oid
        where e.extname = 'timescaledb'
    {%- endset -%}
    {%- set found = run_query(sql).rows -%}
    {%- if not found -%}
        {{ exceptions.raise_compiler_error(
            "The database " ~ target.dbname ~ " has no extension timescaledb: run `create extension timescaledb` in it.") }}
    {%- endif -%}
    {{ found[0][0] }}
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
        select {{ timescale.timescaledb() }}.create_hypertable(
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
            select {{ timescale.timescaledb() }}.set_chunk_time_interval('{{ relation }}', interval '{{ hypertable.chunk_interval }}')
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

{#- An empty table of a query's columns, with its key. -#}
{% macro create_from_query(relation, columns, key) %}
    {%- set sql -%}
        create table {{ relation }} (
            {%- for name, type in columns.items() %}
            {{ adapter.quote(name) }} {{ type }}{{ ',' if key or not loop.last }}
            {%- endfor %}
            {%- if key %}
            primary key ({{ timescale.quoted(key) }})
            {%- endif %}
        )
    {%- endset -%}
    {%- do run_query(sql) -%}
{% endmacro %}

{#- Only what cannot lose data happens by itself: a column more. -#}
{% macro add_columns(relation, wanted, existing) %}
    {%- for name, type in wanted.items() -%}
        {%- if name not in existing -%}
            {%- do run_query('alter table ' ~ relation ~ ' add column ' ~ adapter.quote(name) ~ ' ' ~ type) -%}
        {%- elif existing[name] != type -%}
            {{ exceptions.raise_compiler_error(
                "The column " ~ name ~ " of " ~ relation ~ " is " ~ existing[name] ~ " but the model's SQL yields " ~ type
                ~ ", and a table that holds data is never rebuilt: alter it by hand, or cast the column in the SQL.") }}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{#- Rows that are there already, as they are, are not written again: on a compressed chunk that would unpack it. Images are
    compared, so that 0.0 does not pass for -0.0. -#}
{% macro upsert_sql(relation, sql, columns, key) %}
    {%- set names = timescale.quoted(columns) -%}
    insert into {{ relation }} as present ({{ names }})
    select {{ names }}
    from (
        {{ sql }}
    ) as fresh
    {%- if key %}
    where not exists (
        select from {{ relation }} as present
        where
            {%- for name in key %}
            present.{{ adapter.quote(name) }} = fresh.{{ adapter.quote(name) }} and
            {%- endfor %}
            record_image_eq(row({{ timescale.quoted(columns, 'present') }}), row({{ timescale.quoted(columns, 'fresh') }}))
    )
    on conflict ({{ timescale.quoted(key) }}) do
    {%- if columns | length > key | length %} update set
        {%- for name in columns if name not in key %}
        {{ adapter.quote(name) }} = excluded.{{ adapter.quote(name) }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- else %} nothing
    {%- endif %}
    {%- endif %}
{% endmacro %}

{% macro quoted(names, alias='') -%}
    {%- for name in names -%}
        {{ alias ~ '.' if alias }}{{ adapter.quote(name) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
