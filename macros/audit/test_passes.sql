{#- Tests that read all of a large table ask again only where an answer can have changed: a test that passed is not asked the same
    question of tables that nobody has written to since. What tells that, and what it is worth, stands in
    docs/decisions/0017; the verdict trusts none of it. -#}

{#- The test's own SQL, or none where it passed and nothing has changed since. -#}
{% macro unless_passed(test, relations, sql) %}
    {#- the embedded engine's one session does not send its counters in time -#}
    {%- if not execute or flags.WHICH not in ('build', 'test') or target.name == 'embedded' -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set fingerprint = run_query(test_fingerprint(relations, sql)).rows[0][0] -%}
    {%- set passed -%}
        select 1 as passed from audit.test_passes
        where
            test = '{{ test }}'
            and fingerprint = '{{ fingerprint }}'
            and passed_at is not null
    {%- endset -%}
    {%- if not flags.FULL_REFRESH and not var('test_all') and run_query(passed).rows -%}
        {{ return('select 1 as unchanged where false') }}
    {%- endif -%}
    {%- set pending -%}
        insert into audit.test_passes (test, fingerprint, passed_at)
        values ('{{ test }}', '{{ fingerprint }}', null)
        on conflict (test) do update set
            fingerprint = excluded.fingerprint,
            passed_at = null
    {%- endset -%}
    {%- do timescale.run_outside_transaction(pending) -%}
    {{ return(sql) }}
{% endmacro %}

{#- What changes with whatever is written into these tables, those that views among them read, their chunks and what those are
    compressed to: PostgreSQL's counters, the files, and what sets the counters back. It is read before the rows are, so a later
    write is never taken for an earlier one. -#}
{% macro test_fingerprint(relations, sql) %}
    with recursive

    asked (relation) as (
        select to_regclass(name)::oid
        from unnest(array[{% for name in relations %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %}]) as names (name)
        union
        -- what a view reads
        select d.refobjid
        from asked
        inner join pg_rewrite as r on asked.relation = r.ev_class
        inner join pg_depend as d on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
    ),

    -- chunks inherit from a hypertable, what they are compressed to from nothing
    parts as (
        select relation from asked
        union
        select i.inhrelid from pg_inherits as i
        inner join asked on i.inhparent = asked.relation
        union
        select to_regclass(format('%I.%I', packed.schema_name, packed.table_name))::oid
        from asked
        inner join _timescaledb_catalog.hypertable as h on asked.relation = to_regclass(format('%I.%I', h.schema_name, h.table_name))
        inner join _timescaledb_catalog.chunk as c on h.id = c.hypertable_id
        inner join _timescaledb_catalog.chunk as packed on c.compressed_chunk_id = packed.id
    )

    select md5(concat_ws(
        ' ', '{{ local_md5(sql) }}', pg_postmaster_start_time(),
        (select stats_reset from pg_stat_database where datname = current_database()),
        (select stats_reset from pg_stat_bgwriter),  -- a crash resets these, and the counters with them
        string_agg(
            concat_ws(
                ' ', c.oid, c.relfilenode, pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid),
                pg_stat_get_tuples_deleted(c.oid), case when c.relkind = 'v' then md5(pg_get_viewdef(c.oid)) end
            ), ' ' order by c.oid
        )
    ))
    from parts
    inner join pg_class as c on parts.relation = c.oid
{% endmacro %}

{#- At the end of a run: notes which of these tests have passed, and says how many were not asked again. -#}
{% macro save_test_passes(results) %}
    {%- set passed = [] -%}
    {%- for result in results if result.status == 'pass' and result.node.test_metadata and result.node.attached_node -%}
        {%- do passed.append(result.node.test_metadata.name ~ ' ' ~ result.node.attached_node.split('.')[-1]) -%}
    {%- endfor -%}
    {%- if not execute or not passed -%}
        {{ return('') }}
    {%- endif -%}
    {%- set unasked -%}
        select count(*) from audit.test_passes
        where
            test in ('{{ passed | join("', '") }}')
            and passed_at is not null
    {%- endset -%}
    {%- set unchanged = run_query(unasked).rows[0][0] -%}
    {%- if unchanged -%}
        {%- do log(
            timescale.counted(unchanged, 'test') ~ " not asked again: nobody has written to what they read since they passed. "
            ~ "--vars '{test_all: true}' asks all.", info=True
        ) -%}
    {%- endif -%}
    update audit.test_passes set passed_at = now()
    where
        test in ('{{ passed | join("', '") }}')
        and passed_at is null
{% endmacro %}
