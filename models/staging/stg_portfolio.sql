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
        {{ resolved_region('ticker', own='region') }} as region,
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
        _rowid,
        _load_id,
        parents.parent_load_id as _parent_load_id,
        ({{ canonical_region('region') }} is null)::integer as _rank,
        _reason{{ undeclared_columns('portfolio') }}
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
