{#- Rows that came from the source and that it no longer has: of those that a load has removed since the last build, or, to
    distrust the loader's books as a full fill does, of all. Returns how many. -#}
{% macro find_gone(relation, spec, source_table, everything) %}
    {%- set known = "select source_rowid as rowid from " ~ relation ~ " where source_rowid is not null union"
        ~ " select rowid from audit.quarantine where table_name = '" ~ spec.name ~ "'" if everything
        else "select rowid from moved_" ~ spec.name -%}
    {{ return(statement_rows(
        "create temporary table gone_" ~ spec.name ~ " on commit drop as select known.rowid from (" ~ known
        ~ ") as known where not exists (select from " ~ raw_rowids(source_table) ~ " as r where r._rowid = known.rowid)"
    )) }}
{% endmacro %}
