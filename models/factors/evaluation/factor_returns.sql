{{ config(needs_rows_of='factors.factor_stale_months') }}
{#- What a stock of the last day of a month was worth at the end of later months, by the last price up to two weeks old. -#}
{%- set priced_days -%}
select date from {{ ref('factor_stale_months') }} where horizon > 0
union
select other_date - age from {{ ref('factor_stale_months') }}, generate_series(0, 14) as age where horizon > 0
{%- endset %}
with

starts as materialized (
    select
        region,
        month,
        date,
        horizon,
        other_date as end_date
    from {{ ref('factor_stale_months') }}
    where horizon > 0 and date is not null and other_date is not null
),

wanted as materialized (
    select
        region,
        date as anchor,
        date as trading_day
    from starts
    union
    select
        region,
        end_date as anchor,
        (end_date - ages.age) as trading_day
    from starts
    cross join generate_series(0, 14) as ages (age)
),

closes as materialized (
    select distinct on (prices.region, prices.ticker, wanted.anchor)
        prices.region,
        prices.ticker,
        wanted.anchor,
        prices.close,
        prices.date = wanted.anchor as is_of_day
    from {{ universe_prices(['prices.close'], where=on_days('prices.date', priced_days)) }} as prices
    inner join wanted on prices.region = wanted.region and prices.date = wanted.trading_day
    order by prices.region asc, prices.ticker asc, wanted.anchor asc, prices.date desc
),

final as (
    select
        first_close.ticker,
        starts.region,
        starts.month,
        starts.horizon,
        last_close.close / first_close.close - 1 as forward_return
    from starts
    inner join closes as first_close
        on starts.region = first_close.region and starts.date = first_close.anchor and first_close.is_of_day
    left join closes as last_close
        on
            starts.region = last_close.region and starts.end_date = last_close.anchor
            and first_close.ticker = last_close.ticker
)

select * from final
