{#- PostgreSQL deparses what it is given, so a definition read back never equals the declared text: both are kept. -#}
{% macro remember_applied(relation, kind, name, definition) %}
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
    {%- do statement_rows(sql) -%}
{% endmacro %}
