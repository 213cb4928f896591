{% macro key_json(spec, alias) -%}
    jsonb_build_object({% for name in spec.key %}'{{ name }}', {{ alias }}.{{ adapter.quote(name) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}
