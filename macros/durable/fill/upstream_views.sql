{#- A model that reads a view changes when the view does, so the definitions of all views above it count as its own. -#}
{% macro upstream_views() %}
    {%- set seen = {} -%}
    {%- set waiting = model.depends_on.nodes | list -%}
    {%- for _ in range(50) if waiting -%}
        {%- set node = graph.nodes.get(waiting.pop()) -%}
        {%- if node and node.config.materialized == 'view' and node.unique_id not in seen -%}
            {%- do seen.update({node.unique_id: node.schema ~ '.' ~ node.name}) -%}
            {%- do waiting.extend(node.depends_on.nodes) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not seen -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(run_query(
        "select md5(string_agg(pg_get_viewdef(to_regclass(name)), '' order by name)) from unnest(array['"
        ~ seen.values() | join("', '") ~ "']) as name"
    ).rows[0][0]) }}
{% endmacro %}
