{#- The only thing here that drops data, so it has to be asked for in words. Loads are numbered from 1 again in a new raw:
    without the old watermarks the next build compares every row. What somebody else has in the two schemas, or built on what
    is in them, is named and nothing is dropped; what no view tells of (a function, a type) PostgreSQL refuses by itself. -#}
{% macro drop_raw(confirm='') %}
    {%- if confirm != 'yes' -%}
        {{ exceptions.raise_compiler_error(
            "drop_raw removes the schemas raw and staging, after which nothing can be compared with the source any more:"
            ~ " run it again with --args '{confirm: \"yes\"}' once the cut-over is done.") }}
    {%- endif -%}
    {%- set views = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'view' -%}
        {%- do views.append(node.schema ~ '.' ~ node.name) -%}
    {%- endfor -%}
    {%- set found -%}
        with recursive gone (oid) as (
            select oid from pg_class
            where relnamespace in (to_regnamespace('raw'), to_regnamespace('staging')) and relkind in ('r', 'p', 'v', 'm', 'f')
            union
            select coalesce(rewrites.ev_class, keys.conrelid)
            from gone
            inner join pg_depend as depends on gone.oid = depends.refobjid and depends.refclassid = 'pg_class'::regclass
            left join pg_rewrite as rewrites on depends.classid = 'pg_rewrite'::regclass and depends.objid = rewrites.oid
            left join pg_constraint as keys on depends.classid = 'pg_constraint'::regclass and depends.objid = keys.oid
            where coalesce(rewrites.ev_class, keys.conrelid) is not null
        )

        select
            format('%I.%I', n.nspname, c.relname) as quoted,
            case
                when n.nspname || '.' || c.relname in ('{{ views | join("', '") }}') then 'view'
                when n.nspname = 'raw' and c.relkind = 'r' and (
                    c.relname in ('_loads', '_tables', '_windows', '_removed', 'rejected_rows') or c.relname like '\_dlt\_%'
                    or exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = '_rowid')
                ) then 'table'
            end as ours
        from gone
        inner join pg_class as c on gone.oid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        order by 1
    {%- endset -%}
    {%- set found = run_query(found).rows -%}
    {%- set others = found | selectattr(1, 'none') | map(attribute=0) | list -%}
    {%- if others -%}
        {{ exceptions.raise_compiler_error(
            "Nothing was dropped: others have built on raw or staging, or keep something there: " ~ others | join(', ')
            ~ ". Move or drop that, then run drop_raw again.") }}
    {%- endif -%}
    {#- In one go: what is refused at its end has dropped nothing. -#}
    {%- call statement('drop_raw') %}
        begin;
        {%- for kind in ['view', 'table'] %}
        {%- set names = found | selectattr(1, 'equalto', kind) | map(attribute=0) | list %}
        {% if names %}drop {{ kind }} {{ names | join(', ') }};{% endif %}
        {%- endfor %}
        drop schema if exists staging;
        drop schema if exists raw;
        delete from audit.build_state where load_id > 0;
        commit
    {%- endcall -%}
    {%- do log('Dropped raw and staging.', info=True) -%}
{% endmacro %}
