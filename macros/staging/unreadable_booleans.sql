{% macro unreadable_booleans(columns) -%}
    case
        when _reason is not null{% for column in columns %} or {{ column }} not in (0, 1){% endfor %}
            then concat_ws('; ', _reason{% for column in columns %}, case when {{ column }} not in (0, 1) then '{{ column }} is neither 0 nor 1' end{% endfor %})
    end
{%- endmacro %}
