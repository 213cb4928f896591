{#- Rows that neither changed nor moved, but compete for a key with one that did: the row that holds it now, and quarantined
    rows that lost it or may have it now. Returns how many. -#}
{% macro find_related(relation, spec, due) %}
    {%- set key = quoted_list(spec.key) -%}
    {{ return(statement_rows(
        "create temporary table related_" ~ spec.name ~ " on commit drop as with"
        ~ " due_keys as (select " ~ key ~ " from " ~ due ~ " where _reason is null),"
        ~ " holders as (select t.source_rowid as rowid from " ~ relation ~ " as t inner join due_keys as d on "
        ~ same_key(spec, 't', 'd') ~ time_bounds(relation, due) ~ " where t.source_rowid is not null),"
        ~ " losers as (select q.rowid from audit.quarantine as q where q.table_name = '" ~ spec.name ~ "' and (jsonb_hash_extended(q.key, 0), q.key) in"
        ~ " (select jsonb_hash_extended(j.key, 0), j.key from (select * from due_keys union all select " ~ key ~ " from held_"
        ~ spec.name ~ ") as k cross join lateral (select " ~ key_json(spec, 'k') ~ " as key) as j)),"
        ~ " together as (select rowid from holders union select rowid from losers)"
        ~ " select rowid from together where rowid not in (select _rowid from " ~ due ~ " where _rowid is not null)"
    )) }}
{% endmacro %}
