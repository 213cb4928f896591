{{ config(pre_hook="{{ create_factor_state() }}") }}
{#- A sum of hashes does not depend on the order of the rows; it is what tells a build which days have changed. The seed of each
    hash is the one before. A day that has lost all its prices is one with none. -#}
with

traded as (
    select
        region,
        date,
        count(*) as stocks,
        sum(hashfloat8extended(
            coalesce(rsi_14, 'nan'), hashfloat8extended(close, hashtextextended(ticker, 0))
        )) as digest
    from {{ universe_prices(['prices.close', 'prices.rsi_14']) }} as prices
    group by region, date
),

compared as (
    select
        region,
        date,
        coalesce(traded.stocks, 0) as stocks,
        traded.digest,
        coalesce(traded.digest <> known.digest, true) as is_changed
    from traded
    full join factors.known_days as known using (region, date)
),

judged as (
    select
        *,
        stocks > 0 and 2 * stocks >= max(stocks) over (partition by region, date_trunc('month', date)) as in_calendar
    from compared
),

final as (
    select
        region,
        date,
        stocks,
        digest,
        is_changed,
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
