{#- What the file declares of a table, as its last load noted it: `columns` by name, and `keys`; none where no load has told. -#}
{% macro declared_by_source(source_table) %}
    {%- set sql -%}
        select
            to_jsonb(t) ->> 'columns',
            to_jsonb(t) ->> 'keys'
        from raw._tables as t
        where t.table_name = {{ dbt.string_literal(source_table) }}
    {%- endset -%}
    {%- set found = run_query(sql).rows -%}
    {%- if not found or not found[0][1] -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set columns = {} -%}
    {%- for column in fromjson(found[0][0]).values() -%}
        {%- do columns.update({column.name: column}) -%}
    {%- endfor -%}
    {{ return({'columns': columns, 'keys': fromjson(found[0][1])}) }}
{% endmacro %}
