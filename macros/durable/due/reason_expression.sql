{#- Why a row cannot live in the table, from the same declaration that makes the table's constraints; null if it can. -#}
{% macro reason_expression(spec, columns) -%}
    {%- set tests = {} -%}
    {%- for name, type in columns.items() -%}
        {%- set column = adapter.quote(name) -%}
        {%- if type in ('date', 'timestamp with time zone') -%}
            {%- do tests.update({column ~ " = '-infinity'": name ~ ' cannot be read'}) -%}
        {%- endif -%}
        {%- if name in spec.columns and spec.columns[name].not_null -%}
            {%- do tests.update({column ~ ' is null': spec.if_null[name]}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do tests.update({'not (' ~ expression ~ ')': 'the check ' ~ name ~ ' fails'}) -%}
    {%- endfor -%}
    {%- for listed, length in index_lengths(spec, columns).items() -%}
        {%- do tests.update({length ~ ' > 2500': 'the key of ' ~ listed ~ ' is too long for an index'}) -%}
    {%- endfor -%}
    case
        when _reason is not null{% for test in tests %} or {{ test }}{% endfor %}
            then concat_ws('; ', _reason{% for test, reason in tests.items() %}, case when {{ test }} then {{ dbt.string_literal(dbt.escape_single_quotes(reason)) }} end{% endfor %})
    end
{%- endmacro %}
