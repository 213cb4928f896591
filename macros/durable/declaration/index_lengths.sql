{#- The bytes that a row's texts take in each index, by the columns of the index: a B-tree holds 2,704 in an entry, so that a
    longer key would stop the build amid its table. Texts whose length is declared are left out, for no index overflows with
    them. -#}
{% macro index_lengths(spec, types) %}
    {%- set lengths = {} -%}
    {%- set indexes = spec.constraints.values() | list + config.get('named_indexes', {}).values() | list -%}
    {%- for columns in indexes | map('replace', ' desc', '') | map('replace', ' asc', '') -%}
        {%- set listed = columns.split('(')[1].split(')')[0] -%}
        {%- set texts = [] -%}
        {%- for name in listed.split(', ') if types.get(name) == 'text' and spec.name ~ '_' ~ name ~ '_length' not in spec.checks -%}
            {%- do texts.append(adapter.quote(name)) -%}
        {%- endfor -%}
        {%- if texts -%}
            {%- do lengths.update({listed: 'octet_length(concat(' ~ texts | join(', ') ~ '))'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(lengths) }}
{% endmacro %}
