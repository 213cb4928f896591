{% macro counted(value, one) -%}
    {{ value }} {{ one }}{{ '' if value == 1 else 's' }}
{%- endmacro %}
