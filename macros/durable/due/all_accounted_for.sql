{#- Whether raw's rowids are just those of the table, the quarantine and the new ones among the due rows. Sums over a hash
    tell in two scans what a join of all rows would; if they differ, the join follows. -#}
{% macro all_accounted_for(relation, spec, due, source_table) %}
    {%- set sums = "row(count(*), coalesce(sum(hashint8extended(rowid, 0)), 0))" -%}
    {%- set quarantined = "select rowid from audit.quarantine where table_name = '" ~ spec.name ~ "'" -%}
    {%- set placed = "select source_rowid as rowid from " ~ relation ~ " where source_rowid is not null" -%}
    {{ return(run_query(
        "select (select " ~ sums ~ " from (select _rowid as rowid from " ~ raw_rowids(source_table) ~ " as r) as raw_rows) = (select "
        ~ sums ~ " from (" ~ placed ~ " union all " ~ quarantined ~ " union all select _rowid from " ~ due
        ~ " where _rowid is not null and _rowid not in (" ~ quarantined ~ ") and not exists (select from " ~ relation
        ~ " as t where t.source_rowid = _rowid)) as placed)"
    ).rows[0][0]) }}
{% endmacro %}
