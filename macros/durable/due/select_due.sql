{#- `offset 0` keeps the planner from folding the model into the reasons, which would read every date twice. -#}
{% macro select_due(spec, sql, columns) -%}
    select
        {{ quoted_list(columns) }},
        _rowid,
        _rank,
        {{ reason_expression(spec, columns) }} as _reason
    from (
        select * from (
            {{ sql }}
        ) as model
        offset 0
    ) as model
{%- endmacro %}
