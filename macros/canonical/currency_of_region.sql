{% macro currency_of_region(column) -%}
    case {{ column }}
        when 'KR' then 'KRW'
        when 'US' then 'USD'
        when 'JP' then 'JPY'
        when 'HK' then 'HKD'
        when 'CN' then 'CNY'
        when 'VN' then 'VND'
    end
{%- endmacro %}
