{% macro prepare_database() %}
    {%- if execute and flags.WHICH in ('run', 'build', 'test') -%}
        select pg_advisory_xact_lock(hashtext('quant: prepare_database'));
        create schema if not exists audit;
        {{ canonical_functions() }}
        {{ create_audit_tables() }}
        {{ timescale.create_retention_book() }}
    {%- endif -%}
{% endmacro %}
