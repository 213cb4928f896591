{#- Checks are made with the table, all else after the first fill: a key or an index is built faster than maintained. -#}
{% macro create_durable_table(relation, spec) %}
    {%- set lines = [] -%}
    {%- for name, column in spec.columns.items() -%}
        {%- do lines.append(adapter.quote(name) ~ ' ' ~ column.type ~ (' not null' if column.not_null else '')
            ~ (' ' ~ column.extra if column.extra else '')) -%}
    {%- endfor -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do lines.append('constraint ' ~ name ~ ' check (' ~ expression ~ ')') -%}
    {%- endfor -%}
    {%- do execute_and_count('create table ' ~ relation ~ ' (\n    ' ~ lines | join(',\n    ') ~ '\n)') -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do record_definition(relation, 'constraint', name, 'check (' ~ expression ~ ')') -%}
    {%- endfor -%}
    {%- set hypertable = config.get('hypertable') -%}
    {%- if hypertable -%}
        {%- do timescale.create_hypertable(relation, hypertable.time_column, hypertable.chunk_interval) -%}
    {%- endif -%}
{% endmacro %}

{#- Only what cannot lose data happens by itself: a column more. Everything else is for a person to decide. -#}
{% macro evolve_durable_table(relation, spec, existing) %}
    {%- do refuse_changed_key(relation, spec) -%}
    {%- do drop_altered_constraints(relation) -%}
    {%- for name, column in spec.columns.items() -%}
        {%- if name not in existing -%}
            {%- do execute_and_count('alter table ' ~ relation ~ ' add column ' ~ adapter.quote(name) ~ ' ' ~ column.type
                ~ (' ' ~ column.extra if column.extra else '')) -%}
        {%- elif column.widened and existing[name] != column.type -%}
            {%- do widen_column(relation, name, column.type) -%}
        {%- elif column.type != existing[name] -%}
            {{ exceptions.raise_compiler_error(
                "The column " ~ relation.identifier ~ "." ~ name ~ " is " ~ existing[name] ~ " in the database but "
                ~ column.type ~ " in the model's yml, and a table that holds data is never rebuilt: alter it by hand"
                ~ " (alter table " ~ relation.identifier ~ " alter column " ~ name ~ " type " ~ column.type
                ~ ") or put the yml back.") }}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{#- Before anything is written: an upsert by a key that the table does not have would fail in words of the server. -#}
{% macro refuse_changed_key(relation, spec) %}
    {%- set name = spec.name ~ '_pkey' -%}
    {%- set applied = applied_definitions(relation, 'constraint').get(name) -%}
    {%- if applied and applied != spec.constraints[name] -%}
        {{ exceptions.raise_compiler_error(
            "The primary key of " ~ relation.identifier ~ " is (" ~ applied ~ ") in the database but (" ~ spec.constraints[name]
            ~ ") in the model's yml, and the key of a table that holds data is never changed by a build: put the yml back,"
            ~ " or drop the constraint " ~ name ~ " by hand and build again.") }}
    {%- endif -%}
{% endmacro %}

{#- Alters a column of a table that holds data. Views and aggregates on it go, and are made again by this build. Compression is switched
    off, which some versions ask for, and set up again by this model; what is unpacked is packed again at the build's end. -#}
{% macro widen_column(relation, name, type) %}
    {%- set ours = own_readers() -%}
    {%- set views = [] -%}
    {%- for reader in readers_of_columns(relation, [name]) if reader in ours and ours[reader].config.materialized == 'view' -%}
        {%- do views.append(reader) -%}
    {%- endfor -%}
    {%- if views -%}
        {%- do execute_and_count('drop view ' ~ views | join(', ')) -%}
    {%- endif -%}
    {%- if config.get('hypertable') -%}
        {%- set aggregates -%}
            select
                a.user_view_schema,
                a.user_view_name
            from _timescaledb_catalog.continuous_agg as a
            inner join _timescaledb_catalog.hypertable as h on a.raw_hypertable_id = h.id
            where h.schema_name = '{{ relation.schema }}' and h.table_name = '{{ relation.identifier }}'
        {%- endset -%}
        {%- for row in run_query(aggregates).rows -%}
            {%- do timescale.drop_aggregate(api.Relation.create(schema=row[0], identifier=row[1])) -%}
        {%- endfor -%}
        {%- for chunk in timescale.chunk_list(relation.identifier, true) -%}
            {%- do execute_and_count(timescale.decompress_chunk_sql(chunk)) -%}
        {%- endfor -%}
        {%- if timescale.compression_is_set_up(relation) -%}
            {%- set setting = 'timescaledb.enable_columnstore' if timescale.timescale_version() >= 218 else 'timescaledb.compress' -%}
            {%- do execute_and_count('alter table ' ~ relation ~ ' set (' ~ setting ~ ' = false)') -%}
        {%- endif -%}
    {%- endif -%}
    {%- do log(relation.identifier ~ '.' ~ name ~ ' becomes ' ~ type ~ ': the source has fractions in it.', info=True) -%}
    {%- do execute_and_count('alter table ' ~ relation ~ ' alter column ' ~ adapter.quote(name) ~ ' type ' ~ type) -%}
{% endmacro %}

{#- The sequences that defaults of the table name, before it is made. -#}
{% macro create_sequences(spec) %}
    {%- for expression in spec.rules.defaults.values() if expression.startswith('nextval(') -%}
        {%- do run_query('create sequence if not exists ' ~ expression.split("'")[1]) -%}
    {%- endfor -%}
{% endmacro %}

{#- A sequence goes with its column; and that is how others find it. -#}
{% macro own_sequences(relation, spec) %}
    {%- for name, expression in spec.rules.defaults.items() if expression.startswith('nextval(') -%}
        {%- if not run_query("select pg_get_serial_sequence('" ~ relation ~ "', '" ~ name ~ "')").rows[0][0] -%}
            {%- do run_query('alter sequence ' ~ expression.split("'")[1] ~ ' owned by ' ~ relation ~ '.' ~ adapter.quote(name)) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{#- Ids that came from the source do not move the sequence by themselves; the next new id has to follow the greatest of them. -#}
{% macro continue_identity(relation, spec, written) %}
    {%- for name, column in spec.columns.items() if 'as identity' in column.extra or 'nextval(' in column.extra -%}
        {%- set sql -%}
            select setval(s.name, g.greatest)
            from (select pg_get_serial_sequence('{{ relation }}', '{{ name }}')::regclass as name) as s
            cross join (select max({{ adapter.quote(name) }}) as greatest from {{ written }}) as g
            left join pg_sequences as q
                on q.schemaname || '.' || q.sequencename = '{{ relation.schema }}.{{ relation.identifier }}_{{ name }}_seq'
            where g.greatest > coalesce(q.last_value, 0)
        {%- endset -%}
        {%- do run_query(sql) -%}
    {%- endfor -%}
{% endmacro %}
