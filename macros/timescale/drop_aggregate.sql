{#- An aggregate holds nothing that its base table does not; those built on it go first and are rebuilt by their own models. -#}
{% macro drop_aggregate(relation) %}
    {%- set dependants = run_query(
        "with recursive aggregates as (select format('%I.%I', view_schema, view_name) as name,"
        ~ " format('%I.%I', hypertable_schema, hypertable_name) as parent,"
        ~ " format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) as materialized"
        ~ " from timescaledb_information.continuous_aggregates),"
        ~ " below as (select name, materialized, 0 as depth from aggregates where name = '" ~ relation | replace('"', '') ~ "'"
        ~ " union all select a.name, a.materialized, b.depth + 1 from aggregates as a inner join below as b"
        ~ " on a.parent in (b.materialized, b.name))"
        ~ " select name from below order by depth desc"
    ).rows -%}
    {%- for row in dependants -%}
        {%- do statement_rows('drop materialized view ' ~ row[0]) -%}
    {%- endfor -%}
{% endmacro %}
