with

source as (
    select * from {{ raw_rows('stock_details') }} as raw_rows
),

parents as (
    select * from {{ parent_regions('stg_tickers') }} as parent_regions
),

renamed as (
    select
        ---------- ids
        {{ canonical_ticker('ticker') }} as ticker,
        {{ resolved_region('ticker', own='region') }} as region,
        ---------- strings
        sector,
        sector_code,
        industry,
        industry_code,
        ---------- numerics
        par_value,
        ---------- booleans
        is_spac,
        is_preferred,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        {{ canonical_timestamp('last_updated') }} as last_updated,
        {{ canonical_timestamp('enriched_at') }} as enriched_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        parents.parent_load_id as _parent_load_id,
        ({{ canonical_region('region') }} is null)::integer as _rank,
        _reason{{ undeclared_columns('stock_details') }}
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
