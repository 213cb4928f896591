{#- Spearman's correlation: of the average ranks among the stocks that have both. -#}
with

pairs as (
    select
        scores.ticker,
        scores.region,
        scores.factor_name,
        scores.month,
        later.horizon,
        scores.percentile,
        later.forward_return
    from {{ ref('factor_month_scores') }} as scores
    inner join {{ ref('factor_returns') }} as later
        on scores.ticker = later.ticker and scores.region = later.region and scores.month = later.month
    where scores.percentile is not null
),

ranked as (
    select
        ticker,
        region,
        factor_name,
        month,
        horizon,
        rank() over by_score + count(*) over by_score as score_rank,
        rank() over by_return + count(*) over by_return as return_rank
    from pairs
    where forward_return is not null
    window
        by_score as (partition by month, horizon, factor_name, region order by percentile),
        by_return as (partition by month, horizon, factor_name, region order by forward_return)
),

correlated as (
    select
        region,
        factor_name,
        month,
        horizon,
        case when count(*) >= {{ var('factor_min_evaluated') }} then corr(score_rank, return_rank order by ticker) end as ic
    from ranked
    group by month, horizon, factor_name, region
),

counted as (
    select
        region,
        factor_name,
        month,
        horizon,
        count(forward_return) as stocks,
        count(*) - count(forward_return) as without_forward_price
    from pairs
    group by month, horizon, factor_name, region
),

final as (
    select
        counted.region,
        counted.factor_name,
        counted.month,
        counted.horizon,
        counted.stocks,
        counted.without_forward_price,
        correlated.ic
    from counted
    left join correlated using (region, factor_name, month, horizon)
)

select * from final
