{#- A source row whose key has changed leaves its old one, and so does a row that the source deleted if the project says
    so. A row that others refer to cannot go: it stays as a stub. -#}
{% macro leave_old_keys(relation, spec, due, held) %}
    {%- set left = 'left_' ~ spec.name -%}
    {%- set rows = statement_rows(
        "create temporary table " ~ left ~ " on commit drop as select " ~ quoted_list(spec.key, 't') ~ ", t.source_rowid from "
        ~ held ~ " as t where t.source_rowid in (select _rowid from " ~ due ~ " where _rowid is not null"
        ~ (" union all select rowid from gone_" ~ spec.name if var('remove_deleted') else "")
        ~ ") and not exists (select from " ~ due ~ " as d where d._reason is null and d._rowid is not null and "
        ~ same_key(spec, 'd', 't') ~ ")"
    ) -%}
    {%- if rows == 0 -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set referred = referred_condition(relation, 't') -%}
    {%- set is_left = "exists (select from " ~ left ~ " as l where " ~ same_key(spec, 'l', 't') ~ ")" -%}
    {%- do statement_rows("update " ~ relation ~ " as t set source_rowid = null"
        ~ config.get('stub_set', '') ~ " where " ~ is_left ~ " and (" ~ referred ~ ")") -%}
    {%- do statement_rows("delete from " ~ relation ~ " as t where " ~ is_left ~ " and not (" ~ referred ~ ")") -%}
    {{ return(rows) }}
{% endmacro %}
