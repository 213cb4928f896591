{{ config(needs_rows_of='factors.factor_stale_days') }}
{#- Prices on the stale days, with what their past gives. Only what a stale day looks back to is read. -#}
{%- set a_year_before -%}
select (min(date) - interval '12 months 14 days')::date from {{ ref('factor_stale_days') }}
{%- endset %}
{%- set looked_back_to = on_days('prices.date', a_year_before, many=0) %}
with

wanted as (
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
        prices.stock,
        prices.date,
        prices.close,
        prices.rsi_14,
        wanted.is_stale,
        wanted.is_anchor,
        wanted.is_recent
    from {{ universe_prices(['prices.close', 'prices.rsi_14'], where=looked_back_to) }} as prices
    inner join wanted on prices.region = wanted.region and prices.date = wanted.date
    where wanted.is_anchor or wanted.is_recent
),

anchored as (
    select
        stock,
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
    window past as (partition by stock order by date)
),

momenta as materialized (
    select
        stock,
        date,
        close_1m / close_12m - 1 as momentum
    from anchored
    where is_stale and close_1m / close_12m is not null
),

-- a sorted array, in which each worker of a reading finds a stock in a few steps: none could look into a join
sought as materialized (
    select array_agg(distinct stock order by stock) as stocks
    from momenta
),

-- all prices of a year count, but of the stocks with a momentum alone
counted as (
    select
        stock,
        array_agg(date order by date) as dates
    from {{ universe_prices([], where=looked_back_to) }} as prices
    where stock = (select stocks from sought)[width_bucket(stock, (select stocks from sought))]
    group by stock
),

returned as (
    select
        stock,
        date,
        is_stale,
        close / lag(close) over around - 1 as daily_return,
        lag(date, 60) over around as date_of_60_before,
        count(*) filter (where is_stale) over around > 0 as is_looked_back_to
    from prices
    where is_recent
    window around as (partition by stock order by date rows between current row and 60 following)
),

varied as (
    select
        stock,
        date,
        is_stale,
        date_of_60_before,
        stddev_samp(daily_return) over last_60 as deviation,
        count(*) filter (where daily_return <> 0) over last_60 as moves
    from returned
    where is_looked_back_to
    window last_60 as (partition by stock order by date rows 59 preceding)
),

final as (
    select
        universe.ticker,
        universe.region,
        prices.date,
        prices.close,
        prices.rsi_14,
        case
            when counted.dates[width_bucket(prices.date, counted.dates) - 119] >= prices.date - interval '12 months'
                then momenta.momentum
        end as momentum_12m,
        varied.deviation * sqrt(252::double precision) as volatility_60d
    from prices
    inner join {{ ref('factor_universe') }} as universe on prices.stock = universe.stock
    left join momenta on prices.stock = momenta.stock and prices.date = momenta.date
    left join counted on prices.stock = counted.stock
    left join varied
        on
            prices.stock = varied.stock and prices.date = varied.date
            and varied.is_stale and varied.date_of_60_before >= varied.date - 120 and varied.moves > 0
    where prices.is_stale
)

select * from final
