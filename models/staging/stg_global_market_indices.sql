with

source as (
    select * from {{ raw_rows('global_market_indices') }} as raw_rows
),

renamed as (
    select
        ---------- ids
        id,
        {{ canonical_date('date') }} as date,
        symbol,
        region,
        ---------- strings
        index_name,
        trend_5d,
        ---------- numerics
        close_price,
        open_price,
        high_price,
        low_price,
        volume,
        change_percent,
        consecutive_days,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        null::bigint as _parent_load_id,
        0 as _rank,
        _reason{{ undeclared_columns('global_market_indices') }}
    from source
)

select * from renamed
