{#- The keys that moved and gone rows hold in the table, and their keys in the source: the one search by rowid, for which no index
    is kept. -#}
{% macro find_held(relation, spec, own_key) %}
    {%- set sql -%}
        create temporary table held_{{ spec.name }} on commit drop as
        select
            {{ quoted_list((spec.key + (own_key or [])) | unique) }},
            source_rowid
        from {{ relation }}
        where source_rowid in (select rowid from moved_{{ spec.name }} union all select rowid from gone_{{ spec.name }})
    {%- endset -%}
    {%- do statement_rows(sql) -%}
{% endmacro %}
