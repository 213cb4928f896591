{#- Vars of the project that uses this package; each has a default. -#}
{% macro setting(name) %}
    {%- set defaults = {
        'timescale_schema': 'timescale',
        'aggregate_refresh_every': '1 hour',
        'aggregate_refresh_lag': '7 days',
        'build_work_mem': '64MB',
        'compression_batch_rows': 1000
    } -%}
    {{ return(var(name, defaults[name])) }}
{% endmacro %}

{% macro state_schema() -%}
    {{ timescale.setting('timescale_schema') }}
{%- endmacro %}

{#- For on-run-start: what the package remembers of a database stands in a schema of its own. -#}
{% macro prepare() %}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        create schema if not exists {{ timescale.state_schema() }};
        create table if not exists {{ timescale.state_schema() }}.definitions (
            relation text not null,
            kind text not null,
            definition text not null,
            primary key (relation, kind)
        );
        {{ timescale.create_retention_book() }}
    {%- endif -%}
{% endmacro %}

{#- PostgreSQL deparses what it is given, so a definition read back never equals the declared text: that is kept. A project
    that has a place for it already overrides these two. -#}
{% macro saved_definition(relation, kind) %}
    {{ return(adapter.dispatch('saved_definition', 'timescale')(relation, kind)) }}
{% endmacro %}

{% macro default__saved_definition(relation, kind) %}
    {%- set sql -%}
        select max(definition)
        from {{ timescale.state_schema() }}.definitions
        where relation = {{ dbt.string_literal(relation | string) }} and kind = '{{ kind }}'
    {%- endset -%}
    {{ return(run_query(sql).rows[0][0]) }}
{% endmacro %}

{% macro save_definition(relation, kind, definition) %}
    {%- do adapter.dispatch('save_definition', 'timescale')(relation, kind, definition) -%}
{% endmacro %}

{% macro default__save_definition(relation, kind, definition) %}
    {%- call statement('save_definition') -%}
        insert into {{ timescale.state_schema() }}.definitions (relation, kind, definition)
        values (
            {{ dbt.string_literal(relation | string) }}, '{{ kind }}', {{ dbt.string_literal(dbt.escape_single_quotes(definition)) }}
        )
        on conflict (relation, kind) do update set definition = excluded.definition
    {%- endcall -%}
{% endmacro %}

{#- Held until the transaction ends, which it begins. -#}
{% macro lock(name) %}
    {%- call statement('lock') -%}
        select pg_advisory_xact_lock(hashtext({{ dbt.string_literal('timescale: ' ~ name) }}))
    {%- endcall -%}
{% endmacro %}

{% macro counted(value, one) -%}
    {{ value }} {{ one }}{{ '' if value == 1 else 's' }}
{%- endmacro %}
