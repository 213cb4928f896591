{#- The span of the due rows as literals, so that the planner can leave out the chunks that they cannot touch. -#}
{% macro time_bounds(relation, due) %}
    {%- set hypertable = config.get('hypertable') -%}
    {%- if not hypertable -%}
        {{ return('') }}
    {%- endif -%}
    {%- set span = run_query("select min(" ~ hypertable.time_column ~ ")::text, max(" ~ hypertable.time_column ~ ")::text from "
        ~ due ~ " where _reason is null").rows[0] -%}
    {%- if span[0] is none -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(" and t." ~ hypertable.time_column ~ " between '" ~ span[0] ~ "' and '" ~ span[1] ~ "'") }}
{% endmacro %}
