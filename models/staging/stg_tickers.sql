with

source as (
    select * from {{ raw_rows('tickers') }} as raw_rows
),

renamed as (
    select
        ---------- ids
        {{ canonical_ticker('ticker') }} as ticker,
        {{ canonical_region('region') }} as region,
        ---------- strings
        name,
        name_eng,
        exchange,
        currency,
        asset_type,
        sector_code,
        data_source,
        market_tier,
        ---------- numerics
        lot_size,
        ---------- booleans
        is_active,
        ---------- dates
        {{ canonical_date('listing_date') }} as listing_date,
        {{ canonical_date('delisting_date') }} as delisting_date,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        {{ canonical_timestamp('last_updated') }} as last_updated,
        {{ canonical_timestamp('enriched_at') }} as enriched_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        null::bigint as _parent_load_id,
        0 as _rank,
        _reason{{ undeclared_columns('tickers') }}
    from source
)

select * from renamed
