{#- Columns that this database has and no script of Spock's creates. They keep their names and raw's types. They come last, so
    that a new one only lengthens its view, and with their table, so that none is taken for a name of the view's own. -#}
{% macro undeclared_columns(table, as_nulls=false) %}
    {%- set declared = declared_columns(table) -%}
    {%- set types = raw_columns(table) -%}
    {%- for name in source_names(table) if name not in declared -%}
        ,
        {{ 'null::' ~ types[name] ~ ' as ' if as_nulls else 'source.' }}{{ adapter.quote(name) }}
    {%- endfor -%}
{% endmacro %}
