{#- A stub stands in for a parent that is missing: it never overwrites a row, and a stub that breaks a check is no parent. One
    is enough, where a child that changed and one that a parent has moved both ask for it. -#}
{% macro drop_needless_stubs(relation, spec, due, is_new) %}
    {%- do statement_rows(
        "delete from " ~ due ~ " as s where s._rowid is null and (s._reason is not null or exists (select from " ~ due
        ~ " as d where d._rowid is not null and d._reason is null and " ~ same_key(spec, 'd', 's') ~ ")"
        ~ " or s.ctid not in (select min(ctid) from " ~ due ~ " where _rowid is null and _reason is null group by " ~ quoted_list(spec.key) ~ ")"
        ~ ("" if is_new else " or exists (select from " ~ relation ~ " as t where " ~ same_key(spec, 't', 's') ~ ")")
        ~ ")"
    ) -%}
{% endmacro %}
