{#- A factor of fewer stocks than are ranked is there all the same. -#}
with

month_ends as (
    select
        month_ends.region,
        month_ends.month,
        trading_days.stocks
    from {{ ref('factor_month_ends') }} as month_ends
    inner join {{ ref('factor_stale_months') }} as stale
        on month_ends.region = stale.region and month_ends.month = stale.month
    inner join {{ ref('factor_days') }} as trading_days
        on month_ends.region = trading_days.region and month_ends.date = trading_days.date
),

names as (
    select factor_name from {{ ref('factors') }}
    union
    select combination from {{ ref('factor_weights') }}
),

scored as (
    select
        region,
        month,
        factor_name,
        count(*) as covered
    from {{ ref('factor_month_scores') }}
    group by region, month, factor_name
),

final as (
    select
        month_ends.region,
        month_ends.month,
        names.factor_name,
        month_ends.stocks,
        coalesce(scored.covered, 0) as covered
    from month_ends
    cross join names
    left join scored
        on
            month_ends.region = scored.region and month_ends.month = scored.month
            and names.factor_name = scored.factor_name
)

select * from final
