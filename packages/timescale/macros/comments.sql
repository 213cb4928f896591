{#- Descriptions by column. A project may know more than the model says: it overrides default__column_descriptions. -#}
{% macro column_descriptions(relation, model) %}
    {{ return(adapter.dispatch('column_descriptions', 'timescale')(relation, model)) }}
{% endmacro %}

{% macro default__column_descriptions(relation, model) %}
    {%- set wanted = {} -%}
    {%- for name in timescale.existing_columns(relation | string) if model.columns.get(name, {}).description -%}
        {%- do wanted.update({name: model.columns[name].description | trim}) -%}
    {%- endfor -%}
    {{ return(wanted) }}
{% endmacro %}

{#- dbt's own persist_docs writes every comment at every build; this one asks first which differ. -#}
{% macro reconcile_comments(relation, model) %}
    {%- set wanted = timescale.column_descriptions(relation, model) -%}
    {%- set sql -%}
        select
            coalesce(a.attname, ''),
            d.description
        from pg_description as d
        left join pg_attribute as a on d.objoid = a.attrelid and d.objsubid = a.attnum and d.objsubid > 0
        where d.objoid = '{{ relation }}'::regclass and d.classoid = 'pg_class'::regclass
    {%- endset -%}
    {%- set present = {} -%}
    {%- for row in run_query(sql).rows -%}
        {%- do present.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set statements = [] -%}
    {%- if model.description and present.get('') != model.description | trim -%}
        {%- do statements.append('comment on ' ~ ('view' if config.get('materialized') in ('view', 'continuous_aggregate') else 'table')
            ~ ' ' ~ relation ~ ' is ' ~ postgres_escape_comment(model.description | trim)) -%}
    {%- endif -%}
    {%- for name, description in wanted.items() if present.get(name) != description -%}
        {%- do statements.append('comment on column ' ~ relation ~ '.' ~ adapter.quote(name) ~ ' is '
            ~ postgres_escape_comment(description)) -%}
    {%- endfor -%}
    {%- if statements -%}
        {%- do run_query(statements | join(';\n')) -%}
    {%- endif -%}
{% endmacro %}
