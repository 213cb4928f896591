{#- Rows that did not change themselves, but a parent did since the last build, so that their region may be another. -#}
{% macro add_moved_by_parents(spec, due, sql, columns, since) %}
    {%- set condition = '\\1._load_id <= ' ~ since ~ ' and \\1._parent_load_id > ' ~ since -%}
    {{ return(statement_rows(
        "with added as (insert into " ~ due ~ " " ~ select_due(spec, narrow(sql, condition, condition), columns)
        ~ " returning _rowid) insert into moved_" ~ spec.name ~ " select _rowid from added where _rowid is not null"
    )) }}
{% endmacro %}
