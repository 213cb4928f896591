with

source as (
    select * from {{ raw_rows('etf_holdings') }} as raw_rows
),

funds as (
    select * from {{ parent_regions('stg_etfs', 'fund') }} as parent_regions
),

fund_tickers as (
    select * from {{ parent_regions('stg_tickers', 'etf_parent') }} as parent_regions
),

stock_tickers as (
    select * from {{ parent_regions('stg_tickers', 'stock_parent') }} as parent_regions
),

renamed as (
    select
        ---------- ids
        id,
        {{ canonical_ticker('etf_ticker') }} as etf_ticker,
        {{ resolved_region('etf_ticker', own='etf_region', parents=['funds.fund', 'fund_tickers.etf_parent']) }} as etf_region,
        {{ canonical_ticker('stock_ticker') }} as stock_ticker,
        {{ resolved_region('stock_ticker', own='stock_region', parents=['stock_tickers.stock_parent']) }} as stock_region,
        {{ canonical_date('as_of_date') }} as as_of_date,
        ---------- strings
        data_source,
        ---------- numerics
        weight,
        shares,
        market_value,
        rank_in_etf,
        weight_change_from_prev,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        greatest(funds.fund_load_id, fund_tickers.etf_parent_load_id, stock_tickers.stock_parent_load_id) as _parent_load_id,
        0 as _rank,
        _reason{{ undeclared_columns('etf_holdings') }}
    from source
    left join funds on {{ canonical_ticker('etf_ticker') }} = funds.fund_ticker
    left join fund_tickers on {{ canonical_ticker('etf_ticker') }} = fund_tickers.etf_parent_ticker
    left join stock_tickers on {{ canonical_ticker('stock_ticker') }} = stock_tickers.stock_parent_ticker
)

select * from renamed
