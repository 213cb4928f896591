{#- Columns that this database has and no script of Spock's creates. They keep their names and raw's types. -#}
{% macro undeclared_columns(table, as_nulls=false) %}
    {%- set declared = declared_columns(table) -%}
    {%- for name, type in raw_columns(table).items() if name not in declared %}
        {{ 'null::' ~ type ~ ' as ' if as_nulls }}{{ adapter.quote(name) }},
    {%- endfor %}
{% endmacro %}
