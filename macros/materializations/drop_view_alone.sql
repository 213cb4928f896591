{#- Views of this project that read it go along and are made again by the same build. Anybody else's, or one that this build
    does not make, is named instead. -#}
{% macro drop_view_alone(relation) %}
    {%- set ours = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'view' and node.unique_id in selected_resources -%}
        {%- do ours.append(node.schema ~ '.' ~ node.name) -%}
    {%- endfor -%}
    {%- set readers = run_query("
        with recursive readers (oid) as (
            select '" ~ relation ~ "'::regclass::oid
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
    ").rows -%}
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
    {%- do statement_rows('drop view ' ~ readers | map(attribute=0) | join(', ')) -%}
{% endmacro %}
