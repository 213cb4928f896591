{% macro quoted_list(names, alias='', separator=', ') -%}
    {%- for name in names -%}
        {{ alias ~ '.' if alias }}{{ adapter.quote(name) }}{{ separator if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro same_key(spec, left, right) -%}
    {%- for name in spec.key -%}
        {{ left }}.{{ adapter.quote(name) }} = {{ right }}.{{ adapter.quote(name) }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro key_json(spec, alias) -%}
    jsonb_build_object({% for name in spec.key %}'{{ name }}', {{ alias }}.{{ adapter.quote(name) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- The number of rows that a statement touched, as the server counts them: `returning` would carry each of them here. -#}
{% macro execute_and_count(sql) %}
    {%- call statement('execute_and_count', fetch_result=False, auto_begin=True) -%}
        {{ sql }}
    {%- endcall -%}
    {{ return(load_result('execute_and_count').response.rows_affected) }}
{% endmacro %}
