{#- Before anything is made: whoever runs on a server that cannot carry the target should learn it from one sentence. What
    this makes itself, the extension, is rolled back with it: only then its edition can be told for certain. -#}
{% macro check_server() %}
    {%- if execute and flags.WHICH in ('run', 'build', 'test') -%}
        {%- set relations = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
            {%- do relations.append(node.schema ~ '.' ~ node.name) -%}
        {%- endfor -%}
        {%- do adapter.check_target(relations) -%}
        {%- if flags.WHICH != 'test' -%}
            {%- do adapter.begin_build() -%}
        {%- endif -%}
        {%- do run_query('begin') -%}
        {%- do run_query('create extension if not exists timescaledb schema public') -%}
        {%- if run_query("select current_setting('timescaledb.license')").rows[0][0] == 'apache' -%}
            {{ rollback_and_raise(
                "The target " ~ target.name ~ " (" ~ target.dbname ~ ") runs the Apache edition of TimescaleDB, which has no"
                ~ " compression, continuous aggregates or policies: install the Community edition, or set"
                ~ " timescaledb.license = 'timescale' in postgresql.conf and restart.") }}
        {%- endif -%}
        {%- do adapter.check_loaded() -%}
        {%- do timescaledb() -%}
        {%- if var('remove_deleted') and flags.WHICH != 'test' -%}
            {%- do check_removal() -%}
        {%- endif -%}
        {%- do run_query('commit') -%}
    {%- endif -%}
{% endmacro %}

{#- docs/decisions/0016: of the tables that this run builds, none loses a great part of its rows unasked. -#}
{% macro check_removal() %}
    {%- set tables = [] -%}
    {%- for node in graph.nodes.values() if node.config.get('source_table') and node.unique_id in selected_resources -%}
        {%- do tables.append([node.name, node.config.source_table]) -%}
    {%- endfor -%}
    {%- if tables -%}
        {%- do adapter.check_removal(tables, var('allow_removal', [])) -%}
    {%- endif -%}
{% endmacro %}
