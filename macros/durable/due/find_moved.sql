{#- Rowids whose row may have left its key: a load has replaced or deleted it since the last build, or did so before that and
    another row has the number now. Returns how many. -#}
{% macro find_moved(spec, due, source_table, since) %}
    {{ return(statement_rows(
        "create temporary table moved_" ~ spec.name ~ " on commit drop as select rowid from raw._removed where table_name = "
         ~ dbt.string_literal(source_table) ~ " and (load_id > " ~ since
        ~ " or rowid in (select _rowid from " ~ due ~ "))"
    )) }}
{% endmacro %}
