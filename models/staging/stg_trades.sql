with

source as (
    select * from {{ raw_rows('trades') }} as raw_rows
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
        ---------- strings
        side,
        order_type,
        order_no,
        execution_no,
        trade_status,
        sector,
        reason,
        ---------- numerics
        quantity,
        entry_price,
        exit_price,
        price,
        amount,
        fee,
        tax,
        position_size_percent,
        ---------- timestamps
        {{ canonical_timestamp('entry_timestamp') }} as entry_timestamp,
        {{ canonical_timestamp('exit_timestamp') }} as exit_timestamp,
        {{ canonical_timestamp('order_time') }} as order_time,
        {{ canonical_timestamp('execution_time') }} as execution_time,
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        parents.parent_load_id as _parent_load_id,
        ({{ canonical_region('region') }} is null)::integer as _rank,
        _reason{{ undeclared_columns('trades') }}
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
