{#- A factor of fewer stocks than are ranked is there all the same. -#}
with

month_ends as (
    select
        stale.region,
        stale.month,
        trading_days.stocks
    from {{ ref('factor_stale_months') }} as stale
    inner join {{ ref('factor_days') }} as trading_days
        on stale.region = trading_days.region and stale.date = trading_days.date
    where stale.horizon = 0
),

names as (
    {{ factor_names() }}
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
