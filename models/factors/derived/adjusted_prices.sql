{#- Daily prices as if the latest shares had been there always, and dividends had never been paid: each is multiplied by the
    factors of all days after it. What is stored stays as it is. -#}
with

-- from one day with actions to the next the same factors are ahead
spans as (
    select
        ticker,
        region,
        ex_date,
        coalesce(lead(ex_date) over ahead, '-infinity') as since,
        canonical.product(price_factor) over ahead as price_factor,
        canonical.product(split_ratio) over ahead as volume_factor
    from {{ ref('price_adjustments') }}
    where price_factor is not null
    window ahead as (partition by ticker, region order by ex_date desc)
),

factored as (
    select
        prices.ticker,
        prices.region,
        prices.date,
        prices.open,
        prices.high,
        prices.low,
        prices.close,
        prices.volume,
        coalesce(spans.price_factor, 1) as price_factor,
        coalesce(spans.volume_factor, 1) as volume_factor
    from {{ ref('ohlcv_data') }} as prices
    left join spans
        on
            prices.ticker = spans.ticker
            and prices.region = spans.region
            and prices.date >= spans.since
            and prices.date < spans.ex_date
    where prices.timeframe = '1d'
),

final as (
    select
        ticker,
        region,
        date,
        open * price_factor as open,
        high * price_factor as high,
        low * price_factor as low,
        close * price_factor as close,
        volume * volume_factor as volume,
        price_factor,
        volume_factor
    from factored
)

select * from final
