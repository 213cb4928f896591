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
