{% macro quoted_list(names, alias='', separator=', ') -%}
    {%- for name in names -%}
        {{ alias ~ '.' if alias }}{{ adapter.quote(name) }}{{ separator if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
