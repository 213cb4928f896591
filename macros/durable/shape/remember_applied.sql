{#- PostgreSQL deparses what it is given, so a definition read back never equals the declared text: the text is kept. -#}
{% macro remember_applied(relation, kind, name, definition) %}
    {%- do statement_rows(
        "insert into audit.applied_definitions (relation, kind, name, definition) values ("
        ~ dbt.string_literal(relation.identifier) ~ ", " ~ dbt.string_literal(kind) ~ ", " ~ dbt.string_literal(name) ~ ", "
        ~ dbt.string_literal(dbt.escape_single_quotes(definition))
        ~ ") on conflict (relation, kind, name) do update set definition = excluded.definition"
    ) -%}
{% endmacro %}
