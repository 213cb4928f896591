with

source as (
    select * from {{ raw_rows('etfs') }} as raw_rows
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
        name,
        name_eng,
        exchange,
        category,
        subcategory,
        tracking_index,
        issuer,
        data_source,
        ---------- numerics
        total_assets,
        expense_ratio,
        listed_shares,
        leverage_ratio,
        tracking_error_20d,
        tracking_error_60d,
        tracking_error_120d,
        tracking_error_250d,
        premium_discount,
        avg_daily_volume,
        avg_daily_value,
        ---------- booleans
        is_inverse,
        currency_hedged,
        ---------- dates
        {{ canonical_date('inception_date') }} as inception_date,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        {{ canonical_timestamp('last_updated') }} as last_updated,
        ---------- of the way from the source
        _rowid,
        _load_id,
        parents.parent_load_id as _parent_load_id,
        ({{ canonical_region('region') }} is null)::integer as _rank,
        _reason{{ undeclared_columns('etfs') }}
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
