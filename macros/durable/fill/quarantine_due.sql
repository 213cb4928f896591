{#- The whole row is fetched once it is found: a join would carry every row of raw whole. -#}
{% macro quarantine_due(spec, due, source_table, is_new) %}
    {%- set raw_table = source('raw', source_table) -%}
    {%- set table_name = dbt.string_literal(spec.name) -%}
    {%- do statement_rows(
        "delete from audit.quarantine as q where q.table_name = " ~ table_name ~ " and ("
        ~ "exists (select from " ~ due ~ " as d where d._rowid = q.rowid and d._reason is null)"
        ~ ("" if is_new else " or q.rowid in (select rowid from gone_" ~ spec.name ~ ")") ~ ")"
    ) -%}
    {%- if not raw_columns(source_table) -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set rows = statement_rows(
        "insert into audit.quarantine (table_name, rowid, key, reason, \"row\", first_seen, last_seen) select "
        ~ table_name ~ ", d._rowid, " ~ key_json(spec, 'd') ~ ", d._reason, (select to_jsonb(w.*) - '_rowid' - '_load_id' from "
        ~ raw_table ~ " as w where w.ctid = r.ctid), now(), now() from " ~ due ~ " as d inner join " ~ raw_table
        ~ " as r on d._rowid = r._rowid where d._reason is not null"
        ~ " on conflict (table_name, rowid) do update set key = excluded.key, reason = excluded.reason,"
        ~ " \"row\" = excluded.\"row\", last_seen = excluded.last_seen"
    ) -%}
    {{ return(rows) }}
{% endmacro %}
