{#- Segment and order are compared with what was declared before; the policy with what the catalog has. -#}
{% macro reconcile_compression(relation, compression) %}
    {%- set wanted = 'segment by ' ~ compression.segment_by ~ ' order by ' ~ compression.order_by -%}
    {%- set found = run_query(
        "select max(definition) from audit.applied_definitions where relation = '" ~ relation.identifier ~ "' and kind = 'compression'"
    ).rows[0][0] -%}
    {%- if found != wanted or not compression_is_set_up(relation) -%}
        {%- do refuse_frozen_layout(relation) -%}
        {%- do set_compression(relation, compression.segment_by, compression.order_by) -%}
        {%- do remember_applied(relation, 'compression', 'layout', wanted) -%}
    {%- endif -%}
    {%- do reconcile_compression_policy(relation, compression.after) -%}
{% endmacro %}
