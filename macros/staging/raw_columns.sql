{#- Offline (`dbt compile --no-populate-cache`) nobody can be asked: the declared columns stand in. The names that the models
    use themselves are none of the source's: the loader gives such a column another one. -#}
{% macro raw_columns(table) %}
    {%- if not execute -%}
        {{ return({}) }}
    {%- elif invocation_args_dict.get('populate_cache') is sameas false -%}
        {{ return(declared_columns(table)) }}
    {%- endif -%}
    {%- set columns = timescale.existing_columns('raw.' ~ adapter.quote(table)) -%}
    {%- for own in ['_rowid', '_load_id', '_parent_load_id', '_rank', '_reason', 'source_rowid'] -%}
        {%- do columns.pop(own, none) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}
