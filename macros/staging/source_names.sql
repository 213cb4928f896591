{#- SQLite does not tell Ticker from ticker, PostgreSQL does. Where a column was renamed so, raw has both, and the newer one
    has what the source holds now. A name that differs from a declared one in case alone is therefore the declared column's. -#}
{% macro source_names(table) %}
    {%- set declared = declared_columns(table) -%}
    {%- set names = {} -%}
    {%- for name in raw_columns(table) -%}
        {%- set _ = names.update({name | lower if name | lower in declared else name: name}) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
