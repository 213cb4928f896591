{#- What marks a row as a stub, from the declaration of its model. -#}
{% macro stub_condition(name) -%}
    coalesce({{ model_node(name).config.get('stub_where', 'false') if execute else 'false' }}, false)
{%- endmacro %}

{#- A stub stands in for a parent that is missing: it never overwrites a row, and a stub that breaks a check is no parent. One
    is enough, where a child that changed and one that a parent has moved both ask for it. -#}
{% macro drop_needless_stubs(relation, spec, candidates, is_new) %}
    {%- set sql -%}
        delete from {{ candidates }} as s
        where
            s._rowid is null
            and (
                s._reason is not null
                or exists (
                    select from {{ candidates }} as c
                    where c._rowid is not null and c._reason is null and {{ same_key(spec, 'c', 's') }}
                )
                or s.ctid not in (
                    select min(ctid) from {{ candidates }}
                    where _rowid is null and _reason is null
                    group by {{ quoted_list(spec.key) }}
                )
                {%- if not is_new %}
                or exists (select from {{ relation }} as t where {{ same_key(spec, 't', 's') }})
                {%- endif %}
            )
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
{% endmacro %}

{#- At the end of a run that has built a table of stubs and all that refer to it, a stub that no row refers to is left of a child
    that moved or was removed. One that a row in quarantine asks for stays, and so do all where retention has taken children. -#}
{% macro drop_childless_stubs(results) %}
    {%- if not execute or flags.WHICH not in ('run', 'build') -%}
        {{ return('') }}
    {%- endif -%}
    {%- set built = [] -%}
    {%- for result in results if result.status == 'success' -%}
        {%- do built.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- set stubbed = [] -%}
    {%- for node in graph.nodes.values() if node.config.get('stub_where') and node.unique_id in built -%}
        {%- do stubbed.append((node.constraints | length, node)) -%}
    {%- endfor -%}
    {#- a stub of a fund refers to one of a security -#}
    {%- for node in stubbed | sort(attribute=0, reverse=true) | map(attribute=1) -%}
        {%- set relation = api.Relation.create(schema=node.schema, identifier=node.name) -%}
        {%- set asked = [] -%}
        {%- set unbuilt = [] -%}
        {%- for child in graph.nodes.values() if child.resource_type == 'model' -%}
            {%- for key in child.constraints if key.type == 'foreign_key' and parent_relation(key.to) == relation | string -%}
                {%- do asked.append((child.name, key.columns[key.to_columns.index('ticker')])) -%}
                {%- do unbuilt.append(child.name) if child.unique_id not in built -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set sql -%}
            delete from {{ relation }} as s
            where
                s.source_rowid is null
                and {{ stub_condition(node.name) }}
                and not ({{ referred_condition(relation, 's') }})
                and not exists (select from audit.retention as r where r.retained_from is not null)
                {%- for name, column in asked %}
                and not exists (
                    select from audit.quarantine as q
                    where q.table_name = '{{ name }}' and btrim(q."row" ->> '{{ column }}') = s.ticker
                )
                {%- endfor %}
        {%- endset -%}
        {%- set left = execute_and_count(sql) if not unbuilt else 0 -%}
        {%- if left -%}
            {%- do log('Removed ' ~ timescale.counted(left, 'stub') ~ ' of ' ~ node.name ~ ' that no row refers to any more.', info=True) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do run_query('commit') -%}
{% endmacro %}
