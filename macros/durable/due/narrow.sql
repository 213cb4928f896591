{% macro narrow(sql, due, changed) %}
    {%- set sql = modules.re.sub('/[*]due (\\w+)[*]/ true', due, sql) -%}
    {{ return(modules.re.sub('/[*]changed (\\w+)[*]/ true', changed, sql)) }}
{% endmacro %}
