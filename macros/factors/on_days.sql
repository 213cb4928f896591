{#- A condition that leaves out what a step does not look at: a few days are constants, of many the first one is. By these the
    planner leaves out the chunks that end before, and a compressed chunk is filtered while it is read. -#}
{% macro on_days(column, days, many=100) -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- set sql -%}
            select
                coalesce(min(day), 'infinity')::text as first_day,
                case when count(*) <= {{ many }} then coalesce(array_agg(day), '{}')::text end as few
            from (select distinct day from ({{ days }}) as days (day)) as days
        {%- endset -%}
        {%- set found = run_query(sql).rows[0] -%}
        {%- if found.few -%}
            {{ column }} = any('{{ found.few }}'::date[])
        {%- else -%}
            {{ column }} >= '{{ found.first_day }}'::date
        {%- endif -%}
    {%- else -%}
        {{ column }} >= '-infinity'::date
    {%- endif -%}
{%- endmacro %}
