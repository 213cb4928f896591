{#- What the last build saw, and what this one sees. The greatest finished load is read before the data is: rows of a load
    that still runs are taken now and again next time. A raw table that was made anew is another one, and so is one whose
    books were: its loads and the notes of removed rows say nothing of what was built before. Neither does a watermark that
    no finished load has, or rows of a load that is later than all in the list: it was lost, or a backup put in its place. -#}
{% macro build_state(relation, source_table, spec, sql) %}
    {%- set raw_table = "to_regclass('raw." ~ adapter.quote(source_table) ~ "')" -%}
    {#- a constant, so that the planner looks for later rows in the index -#}
    {%- set seen = run_query('select coalesce(max(load_id), 0) from raw._loads').rows[0][0] -%}
    {%- call statement('build_state', fetch_result=True) -%}
        select
            (select coalesce(max(l.load_id), 0) from raw._loads as l where l.finished_at is not null) as load_id,
            s.load_id as built_load_id,
            s.fingerprint,
            concat_ws(' ', pg_relation_filenode({{ raw_table }}), to_jsonb(t) -> 'noted_since') as books,
            s.load_id > 0 and not exists (
                select from raw._loads as l where l.load_id = s.load_id and l.finished_at is not null
            ) or (to_jsonb(t) ->> 'removed_rows')::bigint > (
                select count(*) from raw._removed as r where r.table_name = t.table_name
            ) or t.load_id > loads.last_id or exists (
                select from raw._removed as r where r.table_name = t.table_name and r.load_id > loads.last_id
            ) {% if raw_columns(source_table) %}or exists (
                select from {{ source('raw', source_table) }} as r where r._load_id > {{ seen }} and r._load_id > loads.last_id
            ) {% endif %}as lost
        from (select coalesce(max(l.load_id), 0) as last_id from raw._loads as l) as loads
        left join audit.build_state as s on s.relation = {{ dbt.string_literal(relation.identifier) }}
        left join raw._tables as t on t.table_name = {{ dbt.string_literal(source_table) }}
    {%- endcall -%}
    {%- set found = load_result('build_state').table.rows[0] -%}
    {%- set fingerprint = local_md5(
        sql ~ upstream_views() ~ canonical_functions() ~ tojson(spec.columns) ~ tojson(spec.checks) ~ found.books) -%}
    {{ return({
        'load_id': found.load_id | int, 'built_load_id': found.built_load_id | int, 'fingerprint': fingerprint,
        'stale': found.fingerprint != fingerprint or found.lost
    }) }}
{% endmacro %}

{#- A model that reads a view changes when the view does, so the definitions of all views above it count as its own. -#}
{% macro upstream_views() %}
    {%- set seen = {} -%}
    {%- set unread = model.depends_on.nodes | list -%}
    {%- for _ in range(50) if unread -%}
        {%- set node = graph.nodes.get(unread.pop()) -%}
        {%- if node and node.config.materialized == 'view' and node.unique_id not in seen -%}
            {%- do seen.update({node.unique_id: node.schema ~ '.' ~ node.name}) -%}
            {%- do unread.extend(node.depends_on.nodes) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not seen -%}
        {{ return('') }}
    {%- endif -%}
    {%- set sql -%}
        select md5(string_agg(pg_get_viewdef(to_regclass(name)), '' order by name))
        from unnest(array['{{ seen.values() | join("', '") }}']) as name
    {%- endset -%}
    {{ return(run_query(sql).rows[0][0]) }}
{% endmacro %}

{% macro save_watermark(relation, state) %}
    {%- set sql -%}
        insert into audit.build_state (relation, fingerprint, load_id, built_at)
        values ('{{ relation.identifier }}', '{{ state.fingerprint }}', {{ state.load_id }}, now())
        on conflict (relation) do update set
            fingerprint = excluded.fingerprint,
            load_id = excluded.load_id,
            built_at = excluded.built_at
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
{% endmacro %}
