{#- Segment and order are compared with what was declared before; the policy with what the catalog has. -#}
{% macro reconcile_compression(relation, compression) %}
    {%- set wanted = 'segment by ' ~ compression.segment_by ~ ' order by ' ~ compression.order_by -%}
    {%- set found = run_query(
        "select (select definition from audit.applied_definitions where relation = '" ~ relation.identifier
        ~ "' and kind = 'compression'), (select compression_enabled from timescaledb_information.hypertables where"
        ~ " hypertable_schema = '" ~ relation.schema ~ "' and hypertable_name = '" ~ relation.identifier ~ "')"
    ).rows[0] -%}
    {%- if found[0] != wanted or not found[1] -%}
        {%- do set_compression(relation, compression.segment_by, compression.order_by) -%}
        {%- do remember_applied(relation, 'compression', 'layout', wanted) -%}
    {%- endif -%}
    {%- do reconcile_compression_policy(relation, compression.after) -%}
{% endmacro %}
