{#- The number of rows that a statement touched, as the server counts them: `returning` would carry each of them here. -#}
{% macro statement_rows(sql) %}
    {%- call statement('statement_rows', fetch_result=False, auto_begin=True) -%}
        {{ sql }}
    {%- endcall -%}
    {{ return(load_result('statement_rows').response.rows_affected) }}
{% endmacro %}
