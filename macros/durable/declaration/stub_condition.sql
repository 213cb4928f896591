{#- What marks a row as a stub, from the declaration of its model. -#}
{% macro stub_condition(name) -%}
    {%- set found = namespace(condition='false') -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name -%}
            {%- set found.condition = node.config.get('stub_where', 'false') -%}
        {%- endfor -%}
    {%- endif -%}
    coalesce({{ found.condition }}, false)
{%- endmacro %}
