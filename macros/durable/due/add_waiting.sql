{% macro add_waiting(spec, due, sql, columns) %}
    {%- set condition = '\\1._rowid in (select rowid from waiting_' ~ spec.name ~ ' except select _rowid from ' ~ due ~ ')' -%}
    {{ return(statement_rows('insert into ' ~ due ~ ' ' ~ select_due(spec, narrow(sql, condition, 'false'), columns))) }}
{% endmacro %}
