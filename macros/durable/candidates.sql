{#- The rows that a build looks at, found in this order: those of loads after the watermark, those that may have left their key,
    those that a parent moved, those that the source deleted, those to be retried, and what competes with any of them for a key.

    A model marks where it is narrowed. Compiled SQL stays the whole query, which can be read and run by hand; only the
    materialization narrows it. -#}
{% macro is_candidate(alias) -%}
    /*candidate {{ alias }}*/ true
{%- endmacro %}

{% macro incremental_filter(alias) -%}
    /*changed {{ alias }}*/ true
{%- endmacro %}

{#- Conditions name their row `\1`. -#}
{% macro apply_increment(sql, candidates, changed) %}
    {%- set sql = modules.re.sub('/[*]candidate (\\w+)[*]/ true', candidates, sql) -%}
    {{ return(modules.re.sub('/[*]changed (\\w+)[*]/ true', changed, sql)) }}
{% endmacro %}

{#- `offset 0` keeps the planner from folding the model into the reasons, which would read every date twice. -#}
{% macro select_candidates(spec, sql, columns) -%}
    select
        {{ quoted_list(columns) }},
        _rowid,
        _rank,
        {{ reason_expression(spec, columns) }} as _reason
    from (
        select * from (
            {{ sql }}
        ) as model
        offset 0
    ) as model
{%- endmacro %}

{% macro find_candidates(spec, candidates, sql, columns, since) %}
    {%- set condition = 'true' if since is none else '\\1._load_id > ' ~ since -%}
    {%- set sql -%}
        create temporary table {{ candidates }} on commit drop as
        {{ select_candidates(spec, apply_increment(sql, condition, condition), columns) }}
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{#- Rowids that a load replaced or deleted since the last build, and rowids that were reused. Their old keys may be free. -#}
{% macro find_removed_in_raw(spec, candidates, source_table, since) %}
    {%- set sql -%}
        create temporary table removed_in_raw_{{ spec.name }} on commit drop as
        select rowid
        from raw._removed
        where
            table_name = {{ dbt.string_literal(source_table) }}
            and (load_id > {{ since }} or rowid in (select _rowid from {{ candidates }}))
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{#- Rows that did not change themselves, but a parent did since the last build, so that their region may be another. Where no
    parent did, that is found out before the rows are read. -#}
{% macro add_moved_by_parents(spec, candidates, sql, columns, since) %}
    {%- set condition = '\\1._load_id <= ' ~ since ~ ' and \\1._parent_load_id > ' ~ since ~ ' and ' ~ any_parent_changed(since) -%}
    {%- set sql -%}
        with added as (
            insert into {{ candidates }}
            {{ select_candidates(spec, apply_increment(sql, condition, condition), columns) }}
            returning _rowid
        )

        insert into removed_in_raw_{{ spec.name }}
        select _rowid from added
        where _rowid is not null
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{#- Parents are those that any staging view takes regions from. Found by their names: see source_node. -#}
{% macro any_parent_changed(since) %}
    {%- set parents = [] -%}
    {%- for staging in graph.nodes if staging.startswith('model.' ~ project_name ~ '.stg_') -%}
        {%- for id in graph.nodes[staging].depends_on.nodes if id in graph.nodes and graph.nodes[id].name not in parents -%}
            {%- do parents.append(graph.nodes[id].name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set changed = [] -%}
    {%- for parent in parents | sort if raw_columns(parent.removeprefix('stg_')) -%}
        {%- do changed.append('exists (select from ' ~ source('raw', parent.removeprefix('stg_')) ~ ' where _load_id > ' ~ since ~ ')') -%}
    {%- endfor -%}
    {{ return('(' ~ (changed | join(' or ') or 'false') ~ ')') }}
{% endmacro %}

{#- Rows that came from the source and that it no longer has: of those that a load has removed since the last build, or, to
    distrust the loader's books as a full fill does, of all. Returns how many. -#}
{% macro find_deleted_in_source(relation, spec, source_table, everything) %}
    {%- set sql -%}
        create temporary table deleted_in_source_{{ spec.name }} on commit drop as
        select known.rowid
        from (
            {%- if everything %}
            select source_rowid as rowid from {{ relation }}
            where source_rowid is not null
            union
            select rowid from audit.quarantine
            where table_name = '{{ spec.name }}'
            {%- else %}
            select rowid from removed_in_raw_{{ spec.name }}
            {%- endif %}
        ) as known
        where not exists (select from {{ raw_rowids(source_table) }} as r where r._rowid = known.rowid)
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{#- Rows in quarantine because of another row, which may be otherwise now without any change in raw: the parent was not built
    before its child, or an application has deleted what had the key. Returns how many. -#}
{% macro find_retries(relation, spec) %}
    {%- set sql -%}
        create temporary table retry_{{ spec.name }} on commit drop as
        select q.rowid
        from audit.quarantine as q
        cross join lateral jsonb_populate_record(null::{{ relation }}, q.key) as k
        where
            q.table_name = '{{ spec.name }}'
            and (
                q.reason like 'no row in %'
                or q.reason = 'a row that an application wrote has this key' and not {{ application_has(relation, spec, 'k') }}
            )
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{% macro add_retries(spec, candidates, sql, columns) %}
    {%- set condition = '\\1._rowid in (select rowid from retry_' ~ spec.name ~ ' except select _rowid from ' ~ candidates ~ ')' -%}
    {{ return(add_candidates(spec, candidates, sql, columns, condition)) }}
{% endmacro %}

{#- The keys that removed and deleted rows have in the table, and their keys in the source: the one search by rowid, for which no
    index is kept. -#}
{% macro find_current_keys(relation, spec, source_key) %}
    {%- set sql -%}
        create temporary table current_keys_{{ spec.name }} on commit drop as
        select
            {{ quoted_list((spec.key + (source_key or [])) | unique) }},
            source_rowid
        from {{ relation }}
        where source_rowid in (
            select rowid from removed_in_raw_{{ spec.name }}
            union all
            select rowid from deleted_in_source_{{ spec.name }}
        )
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
{% endmacro %}

{#- Rows that neither changed nor moved, but compete for a key with one that did: the row that holds it now, and quarantined
    rows that lost it or may have it now. Returns how many. -#}
{% macro find_key_conflicts(relation, spec, candidates) %}
    {%- set key = quoted_list(spec.key) -%}
    {%- set sql -%}
        create temporary table key_conflicts_{{ spec.name }} on commit drop as
        with

        candidate_keys as (select {{ key }}, _rowid from {{ candidates }} where _reason is null),

        freed_keys as (select {{ key }} from current_keys_{{ spec.name }}),

        holders as (
            select t.source_rowid as rowid
            from {{ relation }} as t
            inner join candidate_keys as c on {{ same_key(spec, 't', 'c') }}{{ time_bounds(relation, candidates) }}
            where t.source_rowid is not null and c._rowid is not null  -- a stub takes nothing
        ),

        losers as (
            select q.rowid
            from audit.quarantine as q
            where
                q.table_name = '{{ spec.name }}'
                and (jsonb_hash_extended(q.key, 0), q.key) in (
                    select
                        jsonb_hash_extended(j.key, 0),
                        j.key
                    from (select {{ key }} from candidate_keys union all select {{ key }} from freed_keys) as k
                    cross join lateral (select {{ key_json(spec, 'k') }} as key) as j
                )
        )

        select rowid
        from (select rowid from holders union select rowid from losers) as together
        where rowid not in (select _rowid from {{ candidates }} where _rowid is not null)
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{% macro add_key_conflicts(spec, candidates, sql, columns) %}
    {%- do add_candidates(spec, candidates, sql, columns, '\\1._rowid in (select rowid from key_conflicts_' ~ spec.name ~ ')') -%}
{% endmacro %}

{#- Own rows of the model alone: nothing that other tables ask for. -#}
{% macro add_candidates(spec, candidates, sql, columns, condition) %}
    {%- set sql -%}
        insert into {{ candidates }}
        {{ select_candidates(spec, apply_increment(sql, condition, 'false'), columns) }}
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{#- The span of the candidates as literals, so that the planner can leave out the chunks that they cannot touch. -#}
{% macro time_bounds(relation, candidates) %}
    {%- set hypertable = config.get('hypertable') -%}
    {%- if not hypertable -%}
        {{ return('') }}
    {%- endif -%}
    {%- set sql -%}
        select
            min({{ hypertable.time_column }})::text,
            max({{ hypertable.time_column }})::text
        from {{ candidates }}
        where _reason is null
    {%- endset -%}
    {%- set span = run_query(sql).rows[0] -%}
    {%- if span[0] is none -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(" and t." ~ hypertable.time_column ~ " between '" ~ span[0] ~ "' and '" ~ span[1] ~ "'") }}
{% endmacro %}
