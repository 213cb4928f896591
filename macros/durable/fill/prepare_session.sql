{#- Plans over raw need its statistics, and a load leaves none behind: which rows are new, and, once, what texts it holds:
    without them the planner does not keep the answers of `once_a_value`. The other columns would take three quarters of the
    time. A role may have set that doubles be rounded where they become text, as they do in the quarantine. -#}
{% macro prepare_session(source_table) %}
    {%- do set_build_memory() -%}
    {%- do run_query("set local extra_float_digits = 1") -%}
    {%- if raw_columns(source_table) -%}
        {%- set raw_table = source('raw', source_table) -%}
        {%- set columns = ['_rowid', '_load_id'] -%}
        {%- if run_query("select reltuples < 0 from pg_class where oid = '" ~ raw_table ~ "'::regclass").rows[0][0] -%}
            {%- for name, type in raw_columns(source_table).items() if type == 'text' -%}
                {%- do columns.append(name) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do run_query('analyze ' ~ raw_table ~ ' (' ~ quoted_list(columns) ~ ')') -%}
    {%- endif -%}
{% endmacro %}
