{#- Order matters: a suffix says more than digits, and six characters (KR) come before four (JP). Vietnamese codes without
    suffix look like American ones; only a parent can tell them apart. -#}
{% macro region_by_ticker_shape(column) -%}
    case
        when {{ column }} ~ '^[0-9A-Z]{1,6}[.](KS|KQ)$' then 'KR'
        when {{ column }} ~ '^[0-9]{1,5}[.]HK$' then 'HK'
        when {{ column }} ~ '^[0-9]{1,6}[.](SS|SZ|SH)$' then 'CN'
        when {{ column }} ~ '^[0-9][0-9A-Z]{3}[.]T$' then 'JP'
        when {{ column }} ~ '^[0-9A-Z]{3}[.](VN|HM|HN)$' then 'VN'
        when {{ column }} ~ '^[0-9]{4}[0-9A-Z]{2}$' then 'KR'
        when {{ column }} ~ '^[0-9][0-9A-Z][0-9][0-9A-Z]$' then 'JP'
        when {{ column }} ~ '^[A-Z]{1,5}([./-][A-Z]{1,4})?$' then 'US'
    end
{%- endmacro %}
