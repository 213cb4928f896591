{#- What the last build saw, and what this one sees. The greatest finished load is read before the data is: rows of a load
    that still runs are taken now and again next time. A raw table that was made anew is another one: its loads and the notes
    of removed rows say nothing of what was built before. -#}
{% macro build_state(relation, source_table, spec, sql) %}
    {%- set fingerprint = local_md5(sql ~ upstream_views() ~ canonical_functions() ~ tojson(spec.columns) ~ tojson(spec.checks)
        ~ run_query("select pg_relation_filenode(to_regclass('raw." ~ adapter.quote(source_table) ~ "'))").rows[0][0]) -%}
    {%- set found = run_query(
        "select (select coalesce(max(load_id), 0) from raw._loads where finished_at is not null), s.load_id, s.fingerprint"
        ~ " from (select 1) as one left join audit.build_state as s on s.relation = '" ~ relation.identifier ~ "'"
    ).rows[0] -%}
    {{ return({
        'load_id': found[0] | int, 'built_load_id': found[1] | int, 'stale': found[2] != fingerprint, 'fingerprint': fingerprint
    }) }}
{% endmacro %}
