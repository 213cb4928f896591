with

children as (
    select distinct
        child.etf_ticker as ticker,
        child.etf_region as region
    from {{ ref('stg_etf_holdings') }} as child
    where {{ incremental_filter('child') }}
),

-- in the columns' order of the staging view
stubs as (
    select
        ticker,
        region,
        ticker as name,
        null::text as name_eng,
        null::text as exchange,
        null::text as category,
        null::text as subcategory,
        null::text as tracking_index,
        null::text as issuer,
        'inferred' as data_source,
        null::double precision as total_assets,
        null::double precision as expense_ratio,
        null::bigint as listed_shares,
        null::double precision as leverage_ratio,
        null::double precision as tracking_error_20d,
        null::double precision as tracking_error_60d,
        null::double precision as tracking_error_120d,
        null::double precision as tracking_error_250d,
        null::double precision as premium_discount,
        null::double precision as avg_daily_volume,
        null::double precision as avg_daily_value,
        null::boolean as is_inverse,
        null::boolean as currency_hedged,
        null::date as inception_date,
        null::timestamptz as created_at,
        null::timestamptz as last_updated,
        null::bigint as _rowid,
        null::bigint as _load_id,
        null::bigint as _parent_load_id,
        0 as _rank,
        null::text as _reason{{ undeclared_columns('etfs', as_nulls=true) }}
    from children
    where ticker is not null and region is not null
),

final as (
    select staged.*
    from {{ ref('stg_etfs') }} as staged
    where {{ is_candidate('staged') }}
    union all
    select * from stubs
)

select * from final
