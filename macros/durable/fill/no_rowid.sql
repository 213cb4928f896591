{#- The rowid of a kept row whose own one is another row's now: the least that SQLite knows, which it gives to no row by itself. -#}
{% macro no_rowid() -%}
    '-9223372036854775808'::bigint
{%- endmacro %}
