{{ config(needs_rows_of='factors.factor_stale_months') }}
{#- Of the stale months and of those before them, which turnover looks back to. -#}
with

wanted as materialized (
    select
        month_ends.region,
        month_ends.month,
        month_ends.date,
        bool_or(stale.month = month_ends.month) as is_stale
    from {{ ref('factor_month_ends') }} as month_ends
    inner join {{ ref('factor_stale_months') }} as stale
        on
            month_ends.region = stale.region
            and month_ends.month in (stale.month, stale.month - interval '1 month')
    group by month_ends.region, month_ends.month, month_ends.date
),

final as (
    select
        scores.ticker,
        scores.region,
        wanted.month,
        wanted.is_stale,
        scores.factor_name,
        scores.score,
        scores.percentile,
        least(5, 1 + floor(scores.percentile / 20))::integer as quintile
    from {{ ref('factor_scores') }} as scores
    inner join wanted on scores.region = wanted.region and scores.date = wanted.date
    where
        scores.percentile is not null
        and scores.factor_name in (
            select factor_name from {{ ref('factors') }}
            union all
            select combination from {{ ref('factor_weights') }}
        )
)

select * from final
