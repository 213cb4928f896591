{% macro raw_rowids(table) -%}
    {%- set relation = source('raw', table) -%}
    {{ '(select _rowid from ' ~ relation ~ ')' if raw_columns(table) else '(select null::bigint as _rowid where false)' }}
{%- endmacro %}
