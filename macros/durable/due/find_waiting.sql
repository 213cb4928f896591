{#- Rows in quarantine because of another row, which may be otherwise now without any change in raw: the parent was not built
    before its child, or an application has deleted what had the key. Returns how many. -#}
{% macro find_waiting(relation, spec) %}
    {{ return(statement_rows(
        "create temporary table waiting_" ~ spec.name ~ " on commit drop as select q.rowid from audit.quarantine as q"
        ~ " cross join lateral jsonb_populate_record(null::" ~ relation ~ ", q.key) as k where q.table_name = '" ~ spec.name
        ~ "' and (q.reason like 'no row in %' or q.reason = 'a row that an application wrote has this key' and not "
        ~ application_has(relation, spec, 'k') ~ ")"
    )) }}
{% endmacro %}
