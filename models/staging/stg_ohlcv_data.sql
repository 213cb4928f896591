with

source as (
    select * from {{ raw_rows('ohlcv_data') }} as raw_rows
),

parents as (
    select * from {{ parent_regions('stg_tickers') }} as parent_regions
),

renamed as (
    select
        ---------- ids
        id,
        {{ canonical_ticker('ticker') }} as ticker,
        {{ resolved_region('ticker', own='region') }} as region,
        {{ canonical_timeframe('timeframe') }} as timeframe,
        canonical_date_once.canonical_date as date,
        ---------- numerics
        open,
        high,
        low,
        close,
        volume,
        ma5,
        ma20,
        ma60,
        ma120,
        ma200,
        rsi_14,
        macd,
        macd_signal,
        macd_hist,
        bb_upper,
        bb_middle,
        bb_lower,
        atr_14,
        atr,
        volume_ma20,
        volume_ratio,
        ---------- timestamps
        canonical_created_at_once.canonical_created_at as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        parents.parent_load_id as _parent_load_id,
        ({{ canonical_region('region') }} is null)::integer as _rank,
        case
            when {{ less_than_a_day('timeframe', 'date') }}
                then concat_ws('; ', _reason, 'a bar of less than a day, and date holds no time')
            else _reason
        end as _reason{{ undeclared_columns('ohlcv_data') }}
    from source
    {{ memoized(canonical_date('date'), 'canonical_date') }}
    {{ memoized(canonical_timestamp('created_at'), 'canonical_created_at') }}
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
