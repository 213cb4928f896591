{#- Types by the names of `cast_losslessly`, of which PostgreSQL is asked where a name is another. Offline it stays. -#}
{% macro declared_columns(table) %}
    {%- set columns = {} -%}
    {%- set declared = source_node(table) if execute else none -%}
    {%- for column in (declared.columns.values() if declared else []) -%}
        {%- do columns.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {%- set others = {} -%}
    {%- for name, type in columns.items() if type not in ('bigint', 'boolean', 'bytea', 'double precision', 'text') -%}
        {%- do others.update({name: type}) -%}
    {%- endfor -%}
    {%- if others and invocation_args_dict.get('populate_cache') is not sameas false -%}
        {%- do columns.update(canonical_types(others)) -%}
    {%- endif -%}
    {{ return(columns) }}
{% endmacro %}

{#- By its name: looking through all of them turns each into a dictionary. -#}
{% macro source_node(table) %}
    {{ return(graph.sources.get('source.' ~ project_name ~ '.raw.' ~ table)) }}
{% endmacro %}
