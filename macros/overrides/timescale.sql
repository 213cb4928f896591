{#- What the package packages/timescale leaves to a project, and its macros that models call by their short names. -#}
{% macro timescaledb() -%}
    {{ timescale.timescaledb() }}
{%- endmacro %}

{% macro summed(column, relation) -%}
    {{ timescale.summed(column, relation) }}
{%- endmacro %}

{#- Asked each time right before a name in that schema is used: see quant/server/extension.py. -#}
{% macro quant__timescaledb() -%}
    {{ adapter.timescaledb() }}
{%- endmacro %}

{#- The audit tables are older than the package. -#}
{% macro quant__saved_definition(relation, kind) %}
    {%- set sql -%}
        {%- if kind == 'aggregate' -%}
            select max(fingerprint) from audit.build_state where relation = '{{ relation.identifier }}'
        {%- else -%}
            select max(definition)
            from audit.applied_definitions
            where relation = '{{ relation.identifier }}' and kind = '{{ kind }}'
        {%- endif -%}
    {%- endset -%}
    {{ return(run_query(sql).rows[0][0]) }}
{% endmacro %}

{% macro quant__save_definition(relation, kind, definition) %}
    {%- if kind == 'aggregate' -%}
        {%- do save_watermark(relation, {'fingerprint': definition, 'load_id': 0}) -%}
    {%- else -%}
        {%- do record_definition(relation, kind, 'layout', definition) -%}
    {%- endif -%}
{% endmacro %}

{#- A column that a model leaves as the source has it is described there alone. -#}
{% macro quant__column_descriptions(relation, model) %}
    {%- set declared = source_node(model.config.get('source_table') or model.name | replace('stg_', '')) -%}
    {%- set told = declared.columns if declared else {} -%}
    {%- set wanted = {} -%}
    {%- for name in timescale.existing_columns(relation | string) -%}
        {%- set description = model.columns.get(name, {}).description or told.get(name, {}).description -%}
        {%- if description -%}
            {%- do wanted.update({name: description | trim}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(wanted) }}
{% endmacro %}
