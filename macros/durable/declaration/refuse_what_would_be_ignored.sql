{#- What a declaration says and nothing would follow is told before anything is made. -#}
{% macro refuse_what_would_be_ignored(model) %}
    {%- if config.get('indexes') -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " has indexes in its config, which dbt names anew with each build of a table, and this one is built once:"
            ~ " declare them in named_indexes, by name.") }}
    {%- endif -%}
    {%- if config.get('on_schema_change', 'ignore') != 'ignore' -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " has on_schema_change in its config: a new column is added, and any other change of a column is refused,"
            ~ " whatever it says. Leave it out.") }}
    {%- endif -%}
    {%- if config.get('stub_where') -%}
        {%- for child in graph.nodes.values() if child.resource_type == 'model' and child.config.get('source_table') -%}
            {%- set staging = 'stg_' ~ child.name -%}
            {%- set refers = child.constraints | selectattr('to') | map(attribute='to') | map('replace', '"', "'") | list -%}
            {%- set read = model.refs | map(attribute='name') | list -%}
            {%- if child.name != model.name and "ref('" ~ model.name ~ "')" in refers and staging not in read -%}
                {{ exceptions.raise_compiler_error(
                    child.name ~ " refers to " ~ model.name ~ ", whose SQL does not read " ~ staging ~ ": its rows without a parent"
                    ~ " would get no stub and stand in quarantine. Add it to the children in " ~ model.original_file_path ~ ".") }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
