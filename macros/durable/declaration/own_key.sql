{#- The columns by which the source tells the rows of a table apart, as the loader noted them: empty where it has no key, none
    where an INTEGER PRIMARY KEY makes the rowid itself the key. What an older loader has written has no such note. -#}
{% macro own_key(source_table, columns) %}
    {%- set found = run_query(
        "select to_jsonb(t.*) ->> 'key' from raw._tables as t where t.table_name = " ~ dbt.string_literal(source_table)).rows -%}
    {%- set noted = fromjson(found[0][0]) if found and found[0][0] else none -%}
    {%- if noted is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set key = [] -%}
    {%- for name, given in source_names(source_table).items() if given in noted and name in columns -%}
        {%- do key.append(name) -%}
    {%- endfor -%}
    {{ return(key if key | length == noted | length else none) }}
{% endmacro %}
