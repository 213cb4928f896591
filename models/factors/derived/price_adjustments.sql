{#- What a day's splits and dividends make of all prices before it. Both are of shares held before the day. A day counts once it
    has come: there are prices on either side of it. -#}
with

-- the table has no key but a number: what a collector has written twice is one action
actions as (
    select distinct
        ticker,
        region,
        ex_date,
        case when action_type = 'SPLIT' and ratio between 1e-6 and 1e6 then ratio end as split_ratio,
        case when action_type = 'DIVIDEND' and cash_amount > 0 and cash_amount < 'infinity' then cash_amount end as cash_amount
    from {{ ref('stg_corporate_actions') }}
    where ex_date is not null
),

days as (
    select
        ticker,
        region,
        ex_date,
        canonical.product(split_ratio order by split_ratio) as split_ratio,
        coalesce(sum(cash_amount order by cash_amount), 0) as cash_amount
    from actions
    where split_ratio is not null or cash_amount is not null
    group by ticker, region, ex_date
),

closes as (
    select
        ticker,
        region,
        date,
        close,
        lead(date) over following as next_date,
        lead(close) over following as next_close
    from {{ ref('ohlcv_data') }}
    where timeframe = '1d' and close > 0 and close < 'infinity'
    window following as (partition by ticker, region order by date)
),

final as (
    select
        days.ticker,
        days.region,
        days.ex_date,
        days.split_ratio,
        days.cash_amount,
        closes.close as close_before,
        closes.next_close as close_since,
        -- a dividend of all that a share is worth is a mistake of the source
        case when days.cash_amount < closes.close then (1 - days.cash_amount / closes.close) / days.split_ratio end as price_factor
    from days
    left join closes
        on
            days.ticker = closes.ticker
            and days.region = closes.region
            and days.ex_date > closes.date
            and days.ex_date <= closes.next_date
)

select * from final
