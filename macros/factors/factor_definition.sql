{#- A fingerprint of all that decides what a score is: the models and seeds of the factors, what scores
    them, and the vars. Another one makes every day stale. -#}
{% macro factor_definition() %}
    {%- set parts = [scored('relation'), combined('relation'), universe_prices(['close'])] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | sort(attribute='unique_id') -%}
            {%- set decides = node.config.materialized != 'view' -%}
            {%- if decides and node.resource_type in ('model', 'seed') and 'factors' in node.tags -%}
                {%- do parts.append(node.checksum.checksum) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for name in ['daily_days', 'report_lag', 'max_age', 'min_names', 'min_cover', 'winsor', 'min_evaluated'] -%}
        {%- do parts.append(var('factor_' ~ name) | string) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join)) }}
{% endmacro %}
