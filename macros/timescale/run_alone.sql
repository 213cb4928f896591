{#- Some commands refuse to run inside a transaction. psycopg2 has sent its BEGIN already, so after a COMMIT of ours it
    sends none, and what follows runs by itself. -#}
{% macro run_alone(sql) %}
    {%- do run_query('commit') -%}
    {%- do run_query(sql) -%}
    {%- do run_query('commit') -%}
{% endmacro %}
