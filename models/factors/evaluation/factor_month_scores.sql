{{ config(needs_rows_of='factors.factor_stale_months', pre_hook="set local enable_nestloop = off") }}
-- depends_on: {{ ref('factor_changes') }}
with

months as (
    select
        region,
        month
    from {{ ref('factor_stale_ranks') }}
    union
    select
        region,
        (month - interval '1 month')::date as month
    from {{ ref('factor_stale_ranks') }}
    union
    select
        region,
        month
    from {{ ref('factor_stale_horizons') }}
),

wanted as (
    select month_ends.*
    from {{ ref('factor_month_ends') }} as month_ends
    inner join months on month_ends.region = months.region and month_ends.month = months.month
),

final as (
    select
        scores.ticker,
        scores.region,
        wanted.month,
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
