with

source as (
    select * from {{ raw_rows('portfolio') }} as raw_rows
),

parents as (
    select * from {{ parent_regions('stg_tickers') }} as parent_regions
),

renamed as (
    select
        ---------- ids
        {{ canonical_ticker('ticker') }} as ticker,
        {{ resolved_region('ticker') }} as region,
        ---------- numerics
        quantity,
        avg_price,
        current_price,
        market_value,
        unrealized_pnl,
        unrealized_pnl_pct,
        stop_loss_price,
        profit_target_price,
        entry_score,
        ---------- dates
        {{ canonical_date('entry_date') }} as entry_date,
        ---------- timestamps
        {{ canonical_timestamp('last_updated') }} as last_updated,
        ---------- of the way from the source
        {{ undeclared_columns('portfolio') }}
        _rowid,
        _load_id,
        parent_load_id as _parent_load_id,
        0 as _rank,
        _reason
    from source
    left join parents
        on {{ canonical_ticker('ticker') }} = parent_ticker
)

select * from renamed
