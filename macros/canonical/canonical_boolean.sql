{% macro canonical_boolean(column, from_type) -%}
    {%- if from_type == 'text' -%}
        case
            when lower(btrim({{ column }})) ~ '^(1([.]0*)?|t|true|y|yes|on)$' then true
            when lower(btrim({{ column }})) ~ '^(0([.]0*)?|f|false|n|no|off)$' then false
        end
    {%- else -%}
        case {{ column }} when 1 then true when 0 then false end
    {%- endif -%}
{%- endmacro %}
