{#- The day before which retention has taken the rows of a hypertable, or none. -#}
{% macro retained_from(relation) %}
    {%- if not config.get('hypertable') -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set asked -%}
        select nullif(audit.retained_from('{{ relation | replace('"', '') }}'), 'infinity')::text
    {%- endset -%}
    {{ return(run_query(asked).rows[0][0]) }}
{% endmacro %}
