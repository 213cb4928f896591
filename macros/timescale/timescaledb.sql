{#- Asked each time right before a name in that schema is used: see quant/server/extension.py. Offline (`dbt compile
    --no-populate-cache`) nobody can be asked. -#}
{% macro timescaledb() -%}
    {%- set asked = execute and invocation_args_dict.get('populate_cache') is not sameas false -%}
    {{ adapter.timescaledb() if asked else 'public' }}
{%- endmacro %}
