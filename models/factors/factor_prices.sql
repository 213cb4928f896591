{{ config(needs_rows_of='factors.factor_stale_days', pre_hook="set local enable_nestloop = off") }}
{#- Prices on the stale days, with what their past gives. Only the days that a stale one needs are read. -#}
with

wanted as materialized (
    select
        trading_days.region,
        trading_days.date,
        bool_or(trading_days.date = stale.date) as is_stale,
        bool_or(
            trading_days.date = stale.date
            or trading_days.date between stale.date - interval '1 month 14 days' and stale.date - interval '1 month'
            or trading_days.date between stale.date - interval '12 months 14 days' and stale.date - interval '12 months'
        ) as is_anchor,
        bool_or(trading_days.date >= stale.date - 120) as is_recent
    from {{ ref('factor_stale_days') }} as stale
    inner join {{ ref('factor_days') }} as trading_days
        on
            stale.region = trading_days.region
            and trading_days.date between stale.date - interval '12 months 14 days' and stale.date
    where stale.in_calendar
    group by trading_days.region, trading_days.date
),

prices as materialized (
    select
        prices.ticker,
        prices.region,
        prices.date,
        prices.close,
        prices.rsi_14,
        wanted.is_stale,
        wanted.is_anchor,
        wanted.is_recent
    from {{ universe_prices(['prices.close', 'prices.rsi_14']) }} as prices
    inner join wanted on prices.region = wanted.region and prices.date = wanted.date
),

anchored as (
    select
        ticker,
        region,
        date,
        is_stale,
        last_value(close) over (
            past range between interval '1 month 14 days' preceding and interval '1 month' preceding
        ) as close_1m,
        last_value(close) over (
            past range between interval '12 months 14 days' preceding and interval '12 months' preceding
        ) as close_12m
    from prices
    where is_anchor
    window past as (partition by region, ticker order by date)
),

-- of the stocks with a momentum alone, for all prices of a year are counted
counted as (
    select
        ticker,
        region,
        date,
        is_stale,
        lag(date, 119) over (partition by region, ticker order by date) >= date - interval '12 months' as has_history
    from prices
    where
        (region, ticker) in (
            select
                region,
                ticker
            from anchored
            where is_stale and close_1m / close_12m is not null
        )
),

returned as (
    select
        ticker,
        region,
        date,
        is_stale,
        close / lag(close) over past - 1 as daily_return,
        lag(date, 60) over past as date_of_60_before
    from prices
    where is_recent
    window past as (partition by region, ticker order by date)
),

varied as (
    select
        ticker,
        region,
        date,
        is_stale,
        date_of_60_before,
        stddev_samp(daily_return) over last_60 as deviation,
        count(*) filter (where daily_return <> 0) over last_60 as moves
    from returned
    window last_60 as (partition by region, ticker order by date rows 59 preceding)
),

-- put together by grouping: the planner knows nothing of how many rows there are, and a join could loop
parts as (
    select
        ticker,
        region,
        date,
        close,
        rsi_14,
        null::boolean as has_history,
        null::double precision as momentum,
        null::double precision as volatility
    from prices
    where is_stale
    union all
    select
        ticker,
        region,
        date,
        null,
        null,
        has_history,
        null,
        null
    from counted
    where is_stale
    union all
    select
        ticker,
        region,
        date,
        null,
        null,
        null,
        close_1m / close_12m - 1,
        null
    from anchored
    where is_stale
    union all
    select
        ticker,
        region,
        date,
        null,
        null,
        null,
        null,
        deviation * sqrt(252::double precision)
    from varied
    where is_stale and date_of_60_before >= date - 120 and moves > 0
),

final as (
    select
        ticker,
        region,
        date,
        max(close) as close,
        max(rsi_14) as rsi_14,
        case when bool_or(has_history) then max(momentum) end as momentum_12m,
        max(volatility) as volatility_60d
    from parts
    group by ticker, region, date
)

select * from final
