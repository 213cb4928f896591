with

source as (
    select * from {{ raw_rows('etf_details') }} as raw_rows
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
        issuer,
        underlying_asset_class,
        tracking_index,
        geographic_region,
        sector_theme,
        fund_type,
        leverage_ratio,
        investment_strategy,
        data_source,
        ---------- numerics
        aum,
        listed_shares,
        underlying_asset_count,
        expense_ratio,
        ter,
        tracking_error_20d,
        tracking_error_60d,
        tracking_error_120d,
        tracking_error_250d,
        week_52_high,
        week_52_low,
        ---------- booleans
        currency_hedged,
        pension_eligible,
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
        _reason{{ undeclared_columns('etf_details') }}
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
