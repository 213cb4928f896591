{#- The weighted mean of the factors' scores, in which a missing one counts as neutral, as in other combinations. -#}
with

weights as (
    select
        region,
        month,
        factor_name,
        weight,
        sum(weight) over (partition by region, month) as total
    from {{ ref('factor_ic_weights') }}
    where weight > 0
),

combined as (
    select
        scores.ticker,
        scores.region,
        scores.date,
        sum(weights.weight * scores.score order by weights.factor_name) / weights.total as raw_value
    from {{ ref('factor_scores') }} as scores
    inner join weights
        on
            scores.region = weights.region
            and scores.factor_name = weights.factor_name
            and weights.month = date_trunc('month', scores.date::timestamp)::date
    where scores.score is not null
    group by scores.ticker, scores.region, scores.date, weights.total
    having 100 * sum(weights.weight) >= {{ var('factor_min_cover') }} * weights.total
),

ranked as (
    select
        *,
        count(*) over (partition by region, date) as stocks,
        rank() over by_value as first_rank,
        count(*) over by_value as last_rank
    from combined
    window by_value as (partition by region, date order by raw_value)
),

final as (
    select
        ticker,
        region,
        date,
        raw_value,
        case
            when stocks >= {{ var('factor_min_names') }}
                then 100 * ((first_rank + last_rank) / 2::double precision - 1) / (stocks - 1)
        end as percentile
    from ranked
)

select * from final
