with

source as (
    select * from {{ raw_rows('corporate_actions') }} as raw_rows
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
        nullif({{ canonical_date('ex_date') }}, '-infinity') as ex_date,
        ---------- strings
        upper(btrim(action_type)) as action_type,
        ---------- numerics
        ratio,
        cash_amount,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
