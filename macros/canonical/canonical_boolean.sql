{% macro canonical_boolean(column) -%}
    case {{ column }} when 1 then true when 0 then false end
{%- endmacro %}
