with

stocks as (
    select
        ticker,
        region,
        delisting_date
    from {{ ref('tickers') }}
    where upper(asset_type) = 'STOCK'
),

funds as (
    select
        ticker,
        region
    from {{ ref('etfs') }}
    union
    select
        ticker,
        region
    from {{ ref('etf_details') }}
),

special as (
    select
        ticker,
        region
    from {{ ref('stock_details') }}
    where is_spac or is_preferred
),

final as (
    select
        row_number() over (order by region, ticker)::integer as stock,
        ticker,
        region,
        coalesce(delisting_date, 'infinity'::date) as last_day
    from stocks
    where
        not exists (
            select from funds
            where (funds.ticker, funds.region) = (stocks.ticker, stocks.region)
        )
        and not exists (
            select from special
            where (special.ticker, special.region) = (stocks.ticker, stocks.region)
        )
)

select * from final
