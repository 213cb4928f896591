{{ config(pre_hook="set local enable_nestloop = off") }}
{#- A sum of hashes does not depend on the order of the rows; it is what tells a build which days have changed. -#}
with

traded as (
    select
        region,
        date,
        count(*) as stocks,
        sum(hash_record_extended(row(ticker, close, rsi_14, rsi_14 is null), 0)) as digest
    from {{ universe_prices(['prices.close', 'prices.rsi_14']) }} as prices
    group by region, date
),

judged as (
    select
        region,
        date,
        stocks,
        digest,
        2 * stocks >= max(stocks) over (partition by region, date_trunc('month', date)) as in_calendar
    from traded
),

final as (
    select
        region,
        date,
        stocks,
        digest,
        in_calendar,
        in_calendar and date = max(date) filter (where in_calendar) over (
            partition by region, date_trunc('month', date)
        ) as is_month_end,
        in_calendar and date > max(date) filter (where in_calendar) over (
            partition by region
        ) - {{ var('factor_daily_days') }} as is_recent
    from judged
)

select * from final
