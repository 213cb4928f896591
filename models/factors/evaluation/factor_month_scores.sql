{{ config(needs_rows_of='factors.factor_stale_months') }}
with

wanted as (
    select
        month_ends.*,
        stale.of_scores,
        stale.of_ranks,
        stale.of_returns
    from {{ ref('factor_month_ends') }} as month_ends
    inner join {{ ref('factor_stale_months') }} as stale
        on month_ends.region = stale.region and month_ends.month = stale.month
),

final as (
    select
        scores.ticker,
        scores.region,
        wanted.month,
        wanted.of_scores,
        wanted.of_ranks,
        wanted.of_returns,
        scores.factor_name,
        scores.score,
        scores.percentile,
        least(5, 1 + floor(scores.percentile / 20))::integer as quintile
    from {{ ref('factor_scores') }} as scores
    inner join wanted on scores.region = wanted.region and scores.date = wanted.date
    where
        scores.factor_name in (
            select factor_name from {{ ref('factors') }}
            union all
            select combination from {{ ref('factor_weights') }}
        )
)

select * from final
