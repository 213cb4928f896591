{% macro tested_model(relation) %}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == relation.identifier -%}
        {{ return(node) }}
    {%- endfor -%}
{% endmacro %}
