{% macro reconcile_constraints(relation, spec) %}
    {%- set wanted = {} -%}
    {%- do wanted.update(spec.constraints) -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do wanted.update({name: 'check (' ~ expression ~ ')'}) -%}
    {%- endfor -%}
    {%- for key in spec.foreign_keys -%}
        {%- do wanted.update({key.name: key.sql}) -%}
    {%- endfor -%}
    {%- set applied = applied_definitions(relation, 'constraint') -%}
    {%- for name in applied if name not in wanted -%}
        {%- do execute_and_count('alter table ' ~ relation ~ ' drop constraint ' ~ name) -%}
    {%- endfor -%}
    {%- for name, definition in wanted.items() -%}
        {%- if applied.get(name) != definition -%}
            {%- do refuse_frozen_constraint(relation, name) -%}
            {%- do execute_and_count('alter table ' ~ relation ~ ' drop constraint if exists ' ~ name) -%}
            {%- do execute_and_count('alter table ' ~ relation ~ ' add constraint ' ~ name ~ ' ' ~ definition) -%}
            {%- do record_definition(relation, 'constraint', name, definition) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{#- A check or foreign key that somebody altered under its name would refuse rows amid the fill; after it, it is made anew. -#}
{% macro drop_altered_constraints(relation) %}
    {%- set sql -%}
        select format('drop constraint %I', c.conname)
        from pg_constraint as c
        inner join audit.applied_definitions as a
            on c.conname = a.name and a.kind = 'constraint' and a.relation = {{ dbt.string_literal(relation.identifier) }}
        where
            c.conrelid = '{{ relation }}'::regclass
            and c.contype in ('c', 'f')
            and a.deparsed <> pg_get_constraintdef(c.oid)
    {%- endset -%}
    {%- set clauses = run_query(sql).columns[0].values() -%}
    {%- if clauses -%}
        {%- do log('Somebody altered constraints of ' ~ relation.identifier ~ ', which are made anew: ' ~ clauses | join(', '), info=True) -%}
        {%- do execute_and_count('alter table ' ~ relation ~ ' ' ~ clauses | join(', ')) -%}
    {%- endif -%}
{% endmacro %}

{#- Before 2.18 TimescaleDB adds no constraint to a hypertable once compression is set up, and says so without a name. -#}
{% macro refuse_frozen_constraint(relation, name) %}
    {%- if config.get('hypertable') and timescale.timescale_version() < 218 and timescale.compression_is_set_up(relation) -%}
        {{ exceptions.raise_compiler_error(
            "The constraint " ~ name ~ " of " ~ relation.identifier ~ " is new or other in the model's yml, and TimescaleDB"
            ~ " before 2.18 adds none to a compressed hypertable: update TimescaleDB, or put the yml back.") }}
    {%- endif -%}
{% endmacro %}

{% macro reconcile_indexes(relation, wanted) %}
    {%- set applied = applied_definitions(relation, 'index') -%}
    {%- for name in applied if name not in wanted -%}
        {%- do execute_and_count('drop index if exists ' ~ relation.schema ~ '.' ~ name) -%}
        {%- set sql -%}
            delete from audit.applied_definitions
            where relation = '{{ relation.identifier }}' and kind = 'index' and name = '{{ name }}'
        {%- endset -%}
        {%- do execute_and_count(sql) -%}
    {%- endfor -%}
    {%- for name, definition in wanted.items() if applied.get(name) != definition -%}
        {%- do execute_and_count('drop index if exists ' ~ relation.schema ~ '.' ~ name) -%}
        {%- do execute_and_count('create index ' ~ name ~ ' on ' ~ relation ~ ' ' ~ definition) -%}
        {%- do record_definition(relation, 'index', name, definition) -%}
    {%- endfor -%}
{% endmacro %}

{#- What earlier builds applied and the catalog still has: something dropped or altered by hand counts as not applied. -#}
{% macro applied_definitions(relation, kind) %}
    {%- set sql -%}
        select
            name,
            definition
        from audit.applied_definitions
        where
            relation = {{ dbt.string_literal(relation.identifier) }}
            and kind = {{ dbt.string_literal(kind) }}
            and deparsed = {{ deparsed_definition(relation, kind, 'name') }}
    {%- endset -%}
    {%- set applied = {} -%}
    {%- for row in run_query(sql).rows -%}
        {%- do applied.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(applied) }}
{% endmacro %}

{#- How PostgreSQL writes a constraint or an index that there is, else null. -#}
{% macro deparsed_definition(relation, kind, name) -%}
    {%- if kind == 'constraint' -%}
        (
            select pg_get_constraintdef(c.oid) from pg_constraint as c
            where c.conrelid = '{{ relation }}'::regclass and c.conname = {{ name }}
        )
    {%- elif kind == 'index' -%}
        (
            select pg_get_indexdef(i.indexrelid) from pg_index as i
            where
                i.indrelid = '{{ relation }}'::regclass
                and i.indexrelid = to_regclass({{ dbt.string_literal(relation.schema ~ '.') }} || quote_ident({{ name }}))
                and i.indisvalid
        )
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}

{#- PostgreSQL deparses what it is given, so a definition read back never equals the declared text: both are kept. -#}
{% macro record_definition(relation, kind, name, definition) %}
    {%- set sql -%}
        insert into audit.applied_definitions (relation, kind, name, definition, deparsed)
        values (
            {{ dbt.string_literal(relation.identifier) }},
            {{ dbt.string_literal(kind) }},
            {{ dbt.string_literal(name) }},
            {{ dbt.string_literal(dbt.escape_single_quotes(definition)) }},
            {{ deparsed_definition(relation, kind, dbt.string_literal(name)) }}
        )
        on conflict (relation, kind, name) do update set definition = excluded.definition, deparsed = excluded.deparsed
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
{% endmacro %}
