{#- What earlier builds applied and the catalog still has: something dropped by hand counts as not applied. -#}
{% macro applied_definitions(relation, kind) %}
    {%- set in_catalog = {
        'constraint': "exists (select from pg_constraint as c where c.conrelid = '" ~ relation ~ "'::regclass and c.conname = a.name)",
        'index': "exists (select from pg_index as i where i.indrelid = '" ~ relation ~ "'::regclass"
            ~ " and i.indexrelid = to_regclass('" ~ relation.schema ~ ".' || quote_ident(a.name)))",
    }[kind] -%}
    {%- set found = run_query(
        "select a.name, a.definition, " ~ in_catalog ~ " from audit.applied_definitions as a where a.relation = '"
        ~ relation.identifier ~ "' and a.kind = '" ~ kind ~ "'"
    ) -%}
    {%- set applied = {} -%}
    {%- for row in found.rows if row[2] -%}
        {%- do applied.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(applied) }}
{% endmacro %}
