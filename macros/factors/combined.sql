{#- Combinations of what a relation scores, as rows to be scored themselves: the weighted mean of their members' scores, in
    which a missing member counts as neutral. -#}
{% macro combined(relation, of_combinations=false) %}
with

nested as (
    select outer_weights.combination
    from {{ ref('factor_weights') }} as outer_weights
    inner join {{ ref('factor_weights') }} as inner_weights on outer_weights.member = inner_weights.combination
),

weights as (
    select
        combination,
        member,
        weight,
        sum(weight) over (partition by combination) as total
    from {{ ref('factor_weights') }}
    where combination {{ 'in' if of_combinations else 'not in' }} (select combination from nested)
)

select
    members.ticker,
    members.region,
    members.date,
    weights.combination as factor_name,
    1 as direction,
    sum(weights.weight * members.score order by weights.member) / weights.total as raw_value
from {{ relation }} as members
inner join weights on members.factor_name = weights.member
where members.score is not null
group by members.ticker, members.region, members.date, weights.combination, weights.total
having 100 * sum(weights.weight) >= {{ var('factor_min_cover') }} * weights.total
{% endmacro %}
