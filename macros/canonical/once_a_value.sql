{#- A column of a million rows holds a few thousand dates, and Spock stamps all rows of a fetch with one moment. As a lateral
    join the planner can keep each answer (Memoize), and does where the column's statistics promise repetition: 0.5 s
    instead of 9 s for 926,325 dates. -#}
{% macro once_a_value(expression, name) -%}
    cross join lateral (select {{ expression }} as {{ name }} limit 1) as {{ name }}_once
{%- endmacro %}
