{% macro cast_losslessly(column, from_type, to_type) -%}
    {%- if to_type == 'text' -%}
        {%- if from_type == 'bytea' -%} null::text {%- else -%} {{ column }}::text {%- endif -%}
    {%- elif to_type == 'double precision' and from_type == 'bigint' -%}
        case when {{ column }} between -9007199254740992 and 9007199254740992 then {{ column }}::double precision end
    {%- elif to_type == 'double precision' and from_type == 'text' -%}
        case when {{ column }} ~ '^ *[-+]?([0-9]{1,250}([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,2})? *$' then {{ column }}::double precision end
    {%- elif to_type == 'bigint' and from_type == 'double precision' -%}
        case when {{ column }} = trunc({{ column }}) and abs({{ column }}) < 9.2e18 then {{ column }}::bigint end
    {%- elif to_type == 'bigint' and from_type == 'text' -%}
        case when {{ column }} ~ '^ *[-+]?[0-9]{1,18} *$' then {{ column }}::bigint end
    {%- elif to_type == 'boolean' and from_type in ('text', 'bigint', 'double precision') -%}
        {{ canonical_boolean(column, from_type) }}
    {%- else -%}
        null::{{ to_type }}
    {%- endif -%}
{%- endmacro %}
