{#- The names that PostgreSQL itself gives types: int8 → bigint, varchar(50) → character varying(50). Each is asked once a run. -#}
{% macro canonical_types(types) %}
    {%- set names = adapter.known().setdefault('types', {}) -%}
    {%- set unknown = types.values() | reject('in', names) | unique(true) | list -%}
    {%- if unknown -%}
        {%- set sql -%}
            select
                {%- for type in unknown %}
                null::{{ type }} as "{{ loop.index0 }}"{{ ',' if not loop.last }}
                {%- endfor %}
        {%- endset -%}
        {%- do names.update(dict(zip(unknown, timescale.query_columns(sql).values()))) -%}
    {%- endif -%}
    {%- set canonical = {} -%}
    {%- for name, type in types.items() -%}
        {%- do canonical.update({name: names[type]}) -%}
    {%- endfor -%}
    {{ return(canonical) }}
{% endmacro %}

{#- The columns that the model fills, checked against the declaration. A column that only the source has declared (drift)
    becomes one of the table's: nothing that the source holds is left out. -#}
{% macro model_columns(relation, spec, sql) %}
    {%- set yielded = timescale.query_columns(sql) -%}
    {%- set existing = timescale.existing_columns(relation | string) -%}
    {%- set columns = {} -%}
    {%- for name, column in spec.columns.items() if name != 'source_rowid' -%}
        {%- if name not in yielded and (not column.extra or name in declared_columns(config.get('source_table'))) -%}
            {{ exceptions.raise_compiler_error(
                "The model " ~ spec.name ~ " declares the column " ~ name ~ " in its yml but its SQL does not yield it:"
                ~ " add it to the SQL, or take it out of the yml.") }}
        {%- elif name in yielded and yielded[name] != column.type -%}
            {{ exceptions.raise_compiler_error(
                "The model " ~ spec.name ~ " declares " ~ name ~ " as " ~ column.type ~ " in its yml but its SQL yields "
                ~ yielded[name] ~ ": cast it in the SQL, or declare what it yields.") }}
        {%- elif name in yielded and name not in spec.computed -%}
            {%- do columns.update({name: yielded[name]}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in ['_rowid', '_rank', '_reason'] if name not in yielded -%}
        {{ exceptions.raise_compiler_error("The SQL of the model " ~ spec.name ~ " does not yield " ~ name
            ~ ", which a durable table that is filled from raw needs.") }}
    {%- endfor -%}
    {%- set own = ['_rowid', '_rank', '_reason', '_load_id', '_parent_load_id'] -%}
    {%- for name, type in yielded.items() if name not in spec.columns and name not in own -%}
        {%- if name not in existing -%}
            {%- do log('The source has a column that ' ~ spec.name ~ ' does not declare: ' ~ name ~ ' (' ~ type ~ '), added.', info=True) -%}
            {%- do execute_and_count('alter table ' ~ relation ~ ' add column ' ~ adapter.quote(name) ~ ' ' ~ type) -%}
        {%- elif (existing[name], type) == ('bigint', 'double precision') and not hindrances_to_widening(relation, [name]) -%}
            {%- do widen_column(relation, name, type) -%}
        {%- elif existing[name] != type -%}
            {{ exceptions.raise_compiler_error(
                "The undeclared column " ~ spec.name ~ "." ~ name ~ " was " ~ existing[name] ~ " in the source and is "
                ~ type ~ " now: alter it by hand (alter table " ~ spec.name ~ " alter column " ~ adapter.quote(name)
                ~ " type " ~ type ~ ") and build again.") }}
        {%- endif -%}
        {%- do columns.update({name: type}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
