{#- The least of a column of a step, as a constant: by one the planner leaves out the chunks that end before. -#}
{% macro earliest(relation, expression='date') -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- set sql = "select coalesce(min(" ~ expression ~ "), 'infinity')::text from " ~ relation -%}
        '{{ run_query(sql).rows[0][0] }}'::date
    {%- else -%}
        '-infinity'::date
    {%- endif -%}
{%- endmacro %}
