{#- Asks the data: a constraint that someone dropped or added as not valid proves nothing. -#}
{% test foreign_keys_hold(model) %}
    {%- if execute -%}
        {%- set keys = table_spec(model_node(model.identifier)).foreign_keys -%}
        {%- set sql -%}
        {%- for key in keys -%}
            select
                '{{ key.name }}' as foreign_key,
                concat_ws(', ', {{ quoted_list(key.columns, 'child') }}) as without_parent
            from (select distinct {{ key.columns | join(', ') }} from {{ model }}) as child
            where
                num_nulls({{ quoted_list(key.columns, 'child') }}) = 0
                and not exists (
                    select from {{ key.to }} as parent
                    where row({{ quoted_list(key.to_columns, 'parent') }}) = row({{ quoted_list(key.columns, 'child') }})
                )
            {{ 'union all ' if not loop.last }}
        {%- endfor -%}
        {%- endset -%}
        {{ unless_passed('foreign_keys_hold ' ~ model.identifier, [model] + keys | map(attribute='to') | list, sql) }}
    {%- else -%}
        select 1
    {%- endif -%}
{% endtest %}
