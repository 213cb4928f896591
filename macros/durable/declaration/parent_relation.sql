{#- dbt resolves `to: ref()` for the model that it runs; whoever reads another model's declaration finds it as written. -#}
{% macro parent_relation(to) %}
    {%- set name = modules.re.sub("^ref\\(['\"](\\w+)['\"]\\)$", "\\1", to) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name -%}
        {{ return(adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.name)) }}
    {%- endfor -%}
    {{ return(to | replace('"' ~ target.dbname ~ '".', '')) }}
{% endmacro %}
