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
        {%- do statement_rows('alter table ' ~ relation ~ ' ' ~ clauses | join(', ')) -%}
    {%- endif -%}
{% endmacro %}
