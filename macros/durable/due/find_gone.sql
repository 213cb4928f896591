{#- Rows that came from the source and that it no longer has. -#}
{% macro find_gone(relation, spec, source_table, accounted) %}
    {{ return(statement_rows(
        "create temporary table gone_" ~ spec.name ~ " on commit drop as select " ~ quoted_list(spec.key, 't') ~ ", t.source_rowid from "
        ~ relation ~ " as t where not " ~ accounted ~ " and t.source_rowid is not null and not exists (select from "
        ~ raw_rowids(source_table) ~ " as r where r._rowid = t.source_rowid)"
    )) }}
{% endmacro %}
