{#- Columns that are declared bigint and hold what none is, such as a volume of 1234.5: public has them as double precision,
    as raw does. What has been widened stays so. Where a column of public cannot be altered, its values are what they were
    before: the rows that it cannot hold wait in quarantine. -#}
{% macro widened_columns(table) %}
    {%- set present = raw_columns(table) -%}
    {%- set names = source_names(table) -%}
    {%- set candidates = {} -%}
    {%- for name, type in declared_columns(table).items() if type == 'bigint' and present.get(names.get(name)) == 'double precision' -%}
        {%- do candidates.update({name: adapter.quote(names[name])}) -%}
    {%- endfor -%}
    {%- if not candidates or not graph -%}
        {{ return({}) }}
    {%- endif -%}
    {%- set needed -%}
        select
        {%- for name, column in candidates.items() %}
            bool_or({{ column }} is not null and ({{ cast_losslessly(column, 'double precision', 'bigint') }}) is null){{ ',' if not loop.last }}
        {%- endfor %}
        from {{ source('raw', table) }}
    {%- endset -%}
    {%- set needed = run_query(needed).rows[0] -%}
    {%- set relation = api.Relation.create(schema='public', identifier=table, type='table') -%}
    {%- set existing = timescale.existing_columns(relation | string) -%}
    {%- set spec = table_spec(model_node(relation.identifier)) -%}
    {%- set widened = {} -%}
    {%- set altered = [] -%}
    {%- for name in candidates if name not in spec.key and 'nextval(' not in spec.columns[name].extra -%}
        {%- if existing.get(name) == 'double precision' or needed[loop.index0] and not existing -%}
            {%- do widened.update({name: 'double precision'}) -%}
        {%- elif needed[loop.index0] -%}
            {%- do altered.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set hindrances = hindrances_to_widening(relation, altered) if altered else [] -%}
    {%- for name in altered if not hindrances -%}
        {%- do widened.update({name: 'double precision'}) -%}
    {%- endfor -%}
    {%- if hindrances and model.name == table -%}
        {%- do exceptions.warn(
            "The source has fractions in " ~ altered | join(', ') ~ " of " ~ table ~ ", whose column is bigint here and cannot be altered: "
            ~ hindrances | join('; ') ~ ". Their rows wait in quarantine. Drop what reads it (keep its definition), run `dbt build`, make it again.") -%}
    {%- endif -%}
    {{ return(widened) }}
{% endmacro %}

{#- The project's own views and aggregates, by name. -#}
{% macro own_readers() %}
    {%- set ours = {} -%}
    {%- for node in graph.nodes.values() if node.config.materialized in ('continuous_aggregate', 'view') -%}
        {%- do ours.update({node.schema ~ '.' ~ node.name: node}) -%}
    {%- endfor -%}
    {{ return(ours) }}
{% endmacro %}

{#- What reads columns of a table, by name. -#}
{% macro readers_of_columns(relation, columns) %}
    {%- set reading -%}
        with recursive readers (oid) as (
            select rewrites.ev_class
            from pg_depend as depends
            inner join pg_attribute as a on depends.refobjid = a.attrelid and depends.refobjsubid = a.attnum
            inner join pg_rewrite as rewrites on depends.objid = rewrites.oid
            where
                depends.classid = 'pg_rewrite'::regclass
                and depends.refclassid = 'pg_class'::regclass
                and a.attrelid = '{{ relation.include(database=false) }}'::regclass
                and a.attname in ('{{ columns | join("', '") }}')
            union
            select rewrites.ev_class
            from readers
            inner join pg_depend as depends on readers.oid = depends.refobjid and depends.classid = 'pg_rewrite'::regclass
            inner join pg_rewrite as rewrites on depends.objid = rewrites.oid
        )

        select distinct
            coalesce(a.user_view_schema, n.nspname) || '.' || coalesce(a.user_view_name, c.relname) as name
        from readers
        inner join pg_class as c on readers.oid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        left join _timescaledb_catalog.continuous_agg as a
            on (n.nspname, c.relname) in (
                (a.partial_view_schema, a.partial_view_name), (a.direct_view_schema, a.direct_view_name)
            )
        union all
        select pg_describe_object(depends.classid, depends.objid, depends.objsubid)
        from pg_depend as depends
        inner join pg_attribute as a on depends.refobjid = a.attrelid and depends.refobjsubid = a.attnum
        where
            depends.classid in ('pg_trigger'::regclass, 'pg_policy'::regclass)
            and a.attrelid = '{{ relation.include(database=false) }}'::regclass
            and a.attname in ('{{ columns | join("', '") }}')
        order by 1
    {%- endset -%}
    {{ return(run_query(reading).columns[0].values()) }}
{% endmacro %}

{#- What reads columns of a table and is not made again by this build, by name, with a reason where it is the project's. -#}
{% macro hindrances_to_widening(relation, columns) %}
    {%- set ours = own_readers() -%}
    {%- set found = [] -%}
    {%- for name in readers_of_columns(relation, columns) -%}
        {%- if name not in ours -%}
            {%- do found.append(name ~ ' reads it') -%}
        {%- elif ours[name].unique_id not in selected_resources -%}
            {%- do found.append(name ~ ' reads it and is not built along') -%}
        {%- elif ours[name].config.materialized == 'continuous_aggregate' -%}
            {%- set aggregate = api.Relation.create(schema=ours[name].schema, identifier=ours[name].name) -%}
            {%- set history = timescale.history_of_aggregate(aggregate) -%}
            {%- if history -%}
                {%- do found.append(name ~ ' reads it and alone holds the time before ' ~ history ~ ', which retention has taken') -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
