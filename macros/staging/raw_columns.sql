{#- Offline (`dbt compile --no-populate-cache`) nobody can be asked: the declared columns stand in. -#}
{% macro raw_columns(table) %}
    {%- if not execute -%}
        {{ return({}) }}
    {%- elif invocation_args_dict.get('populate_cache') is sameas false -%}
        {{ return(declared_columns(table)) }}
    {%- endif -%}
    {%- set columns = existing_columns('raw.' ~ adapter.quote(table)) -%}
    {%- for own in ['_rowid', '_load_id'] -%}
        {%- do columns.pop(own, none) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
