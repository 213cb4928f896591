{#- The body of a table that no source fills: dbt makes and keeps the table, applications write to it. -#}
{% macro written_by_applications() -%}
    select 'nothing: applications write to this table' as source where false
{%- endmacro %}
