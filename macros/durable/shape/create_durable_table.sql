{#- Checks are made with the table, all else after the first fill: a key or an index is built faster than maintained. -#}
{% macro create_durable_table(relation, spec) %}
    {%- set lines = [] -%}
    {%- for name, column in spec.columns.items() -%}
        {%- do lines.append(adapter.quote(name) ~ ' ' ~ column.type ~ (' not null' if column.not_null else '')
            ~ (' ' ~ column.extra if column.extra else '')) -%}
    {%- endfor -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do lines.append('constraint ' ~ name ~ ' check (' ~ expression ~ ')') -%}
    {%- endfor -%}
    {%- do statement_rows('create table ' ~ relation ~ ' (\n    ' ~ lines | join(',\n    ') ~ '\n)') -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do remember_applied(relation, 'constraint', name, 'check (' ~ expression ~ ')') -%}
    {%- endfor -%}
    {%- set hypertable = config.get('hypertable') -%}
    {%- if hypertable -%}
        {%- do create_hypertable(relation, hypertable.time_column, hypertable.chunk_interval) -%}
    {%- endif -%}
{% endmacro %}
