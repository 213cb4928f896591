{% macro canonical_timeframe(column) -%}
    case {{ column }} when 'D' then '1d' when 'W' then '1w' when 'M' then '1m' when '' then null else {{ column }} end
{%- endmacro %}
