{% macro reconcile_indexes(relation, wanted) %}
    {%- set applied = applied_definitions(relation, 'index') -%}
    {%- for name in applied if name not in wanted -%}
        {%- do statement_rows('drop index if exists ' ~ relation.schema ~ '.' ~ name) -%}
        {%- do statement_rows("delete from audit.applied_definitions where relation = '" ~ relation.identifier
            ~ "' and kind = 'index' and name = '" ~ name ~ "'") -%}
    {%- endfor -%}
    {%- for name, definition in wanted.items() if applied.get(name) != definition -%}
        {%- do statement_rows('drop index if exists ' ~ relation.schema ~ '.' ~ name) -%}
        {%- do statement_rows('create index ' ~ name ~ ' on ' ~ relation ~ ' ' ~ definition) -%}
        {%- do remember_applied(relation, 'index', name, definition) -%}
    {%- endfor -%}
{% endmacro %}
