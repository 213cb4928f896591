{#- The name that PostgreSQL itself gives a type: varchar(50) → character varying(50). -#}
{% macro canonical_type(type) %}
    {%- set known = {
        'varchar': 'character varying', 'decimal': 'numeric', 'timestamptz': 'timestamp with time zone', 'int': 'integer',
        'float8': 'double precision', 'bool': 'boolean', 'int8': 'bigint'
    } -%}
    {%- set base = type.split('(')[0] | lower -%}
    {{ return(known.get(base, base) ~ type[base | length:] | replace(', ', ',')) }}
{% endmacro %}
