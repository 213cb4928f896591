{#- Plans over raw need its statistics, and a load leaves none behind: without them the planner does not keep the answers of
    `once_a_value`. Texts are what is joined and read once; the other columns would take three quarters of the time. JIT compiles for half a second what then runs as fast without it. -#}
{% macro prepare_session(source_table) %}
    {%- do run_query("set local jit = off") -%}
    {%- do run_query("set local work_mem = '" ~ var('build_work_mem') ~ "'") -%}
    {%- do run_query("set local maintenance_work_mem = '" ~ var('build_work_mem') ~ "'") -%}
    {%- set raw_table = source('raw', source_table) -%}
    {%- if raw_columns(source_table)
        and run_query("select reltuples < 0 from pg_class where oid = '" ~ raw_table ~ "'::regclass").rows[0][0] -%}
        {%- set texts = ['_rowid', '_load_id'] -%}
        {%- for name, type in raw_columns(source_table).items() if type == 'text' -%}
            {%- do texts.append(name) -%}
        {%- endfor -%}
        {%- do run_query('analyze ' ~ raw_table ~ ' (' ~ quoted_list(texts) ~ ')') -%}
    {%- endif -%}
{% endmacro %}
