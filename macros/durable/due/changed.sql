{% macro changed(alias) -%}
    /*changed {{ alias }}*/ true
{%- endmacro %}
