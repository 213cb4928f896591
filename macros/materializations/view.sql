{#- dbt's own view is made anew by every build, and the old one goes with `cascade`, whatever others have built on it
    (dbt-core issue 2185). This one leaves a view that is as it was alone, replaces it in place where PostgreSQL can, and
    drops it only where nobody else's view stands on it. -#}
{% materialization view, default %}
    {%- set relation = this.incorporate(type='view').include(database=false) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do run_query('create temporary view view_probe as ' ~ sql) -%}
    {%- set asked -%}
        select
            relkind::text,
            pg_get_viewdef(oid) = pg_get_viewdef('pg_temp.view_probe'::regclass)
        from pg_class
        where oid = to_regclass('{{ relation }}')
    {%- endset -%}
    {%- set found = run_query(asked).rows -%}
    {%- set unchanged = found and found[0][1] -%}
    {%- set wanted = {} if unchanged else timescale.existing_columns('pg_temp.view_probe') -%}
    {%- do run_query('drop view pg_temp.view_probe') -%}
    {%- if found and found[0][0] != 'v' -%}
        {{ exceptions.raise_compiler_error(
            "There is a " ~ relation ~ " that is no view, and it may hold data: rename or drop it by hand, then build again.") }}
    {%- endif -%}
    {%- if found and not unchanged -%}
        {%- set present = timescale.existing_columns(relation | string).items() | list -%}
        {%- if (wanted.items() | list)[: present | length] != present -%}
            {%- do drop_view_alone(relation) -%}
        {%- endif -%}
    {%- endif -%}
    {% call statement('main') -%}
        {%- if unchanged -%} select 'unchanged' {%- else -%} create or replace view {{ relation }} as {{ sql }} {%- endif -%}
    {%- endcall %}
    {%- do timescale.reconcile_comments(relation, model) -%}
    {%- do apply_grants(this.incorporate(type='view'), config.get('grants'), should_revoke=found | length > 0) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}

{#- Views of this project that read it go along and are made again by the same build. Anybody else's, or one that this build
    does not make, is named instead. -#}
{% macro drop_view_alone(relation) %}
    {%- set ours = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'view' and node.unique_id in selected_resources -%}
        {%- do ours.append(node.schema ~ '.' ~ node.name) -%}
    {%- endfor -%}
    {%- set asked -%}
        with recursive readers (oid) as (
            select '{{ relation }}'::regclass::oid
            union
            select rewrites.ev_class
            from readers
            inner join pg_depend as depends
                on readers.oid = depends.refobjid and depends.classid = 'pg_rewrite'::regclass
            inner join pg_rewrite as rewrites on depends.objid = rewrites.oid
        )

        select
            format('%I.%I', n.nspname, c.relname) as quoted,
            n.nspname || '.' || c.relname as name
        from readers
        inner join pg_class as c on readers.oid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        order by 1
    {%- endset -%}
    {%- set readers = run_query(asked).rows -%}
    {%- set others = [] -%}
    {%- for row in readers if row[1] not in ours and row[1] != relation.schema ~ '.' ~ relation.identifier -%}
        {%- do others.append(row[0]) -%}
    {%- endfor -%}
    {%- if others -%}
        {{ exceptions.raise_compiler_error(
            "The columns of the view " ~ relation ~ " have changed, so that it has to be dropped, and others read it: "
            ~ others | join(', ') ~ ". Keep their definitions (pg_get_viewdef), drop them, build, and make them again; views of this"
            ~ " project are built along with `dbt build --select " ~ relation.identifier ~ "+`.") }}
    {%- endif -%}
    {%- do execute_and_count('drop view ' ~ readers | map(attribute=0) | join(', ')) -%}
{% endmacro %}
