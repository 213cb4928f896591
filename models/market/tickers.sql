with

children as (
    {% for child in [
        'stock_details',
        'ohlcv_data',
        'etfs',
        'etf_details',
        'ticker_fundamentals',
        'technical_analysis',
        'trades',
        'portfolio',
    ] -%}
    select
        child.ticker,
        child.region
    from {{ ref('stg_' ~ child) }} as child
    where {{ incremental_filter('child') }}
    union
    {% endfor -%}
    select
        child.etf_ticker as ticker,
        child.etf_region as region
    from {{ ref('stg_etf_holdings') }} as child
    where {{ incremental_filter('child') }}
    union
    select
        child.stock_ticker as ticker,
        child.stock_region as region
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
        {{ currency_of_region('region') }} as currency,
        'STOCK' as asset_type,
        null::text as sector_code,
        'inferred' as data_source,
        null::text as market_tier,
        null::bigint as lot_size,
        false as is_active,
        null::date as listing_date,
        null::date as delisting_date,
        null::timestamptz as created_at,
        null::timestamptz as last_updated,
        null::timestamptz as enriched_at,
        null::bigint as _rowid,
        null::bigint as _load_id,
        null::bigint as _parent_load_id,
        0 as _rank,
        null::text as _reason{{ undeclared_columns('tickers', as_nulls=true) }}
    from children
    where ticker is not null and region is not null
),

final as (
    select staged.*
    from {{ ref('stg_tickers') }} as staged
    where {{ is_candidate('staged') }}
    union all
    select * from stubs
)

select * from final
