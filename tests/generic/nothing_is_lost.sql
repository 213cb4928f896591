{#- Also fails when a table is filled from the source but not counted. -#}
{% test nothing_is_lost(model) %}
    {%- set filled = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.get('source_table') -%}
            {%- do filled.append(node.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set sql -%}
    with

    counted as materialized (
        select * from {{ model }}
    )

    select
        table_name,
        difference
    from counted
    where difference <> 0
    union all
    select
        expected.table_name,
        null as difference
    from unnest(array['{{ filled | join("', '") }}']) as expected (table_name)
    where not exists (select from counted where counted.table_name = expected.table_name and counted.public_rows is not null)
    {%- endset -%}
    {{ unless_passed('nothing_is_lost ' ~ model.identifier, [model], sql) }}
{% endtest %}
