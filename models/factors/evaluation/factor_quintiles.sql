with

final as (
    select
        scores.region,
        scores.factor_name,
        scores.month,
        later.horizon,
        scores.quintile,
        count(later.forward_return) as stocks,
        avg(later.forward_return order by scores.ticker) as mean_return
    from {{ ref('factor_month_scores') }} as scores
    inner join {{ ref('factor_returns') }} as later
        on scores.ticker = later.ticker and scores.region = later.region and scores.month = later.month
    where scores.percentile is not null
    group by scores.month, later.horizon, scores.quintile, scores.factor_name, scores.region
)

select * from final
