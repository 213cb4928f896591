with

source as (
    select * from {{ raw_rows('exchange_rate_history') }} as raw_rows
),

renamed as (
    select
        ---------- ids
        id,
        currency,
        {{ canonical_timestamp('timestamp') }} as timestamp,
        {{ canonical_date('rate_date') }} as rate_date,
        ---------- strings
        source,
        ---------- numerics
        rate,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        null::bigint as _parent_load_id,
        0 as _rank,
        _reason{{ undeclared_columns('exchange_rate_history') }}
    from source
)

select * from renamed
