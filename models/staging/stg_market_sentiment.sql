with

source as (
    select * from {{ raw_rows('market_sentiment') }} as raw_rows
),

renamed as (
    select
        ---------- ids
        id,
        {{ canonical_date('date') }} as date,
        ---------- strings
        market_regime,
        ---------- numerics
        vix,
        fear_greed_index,
        kospi_index,
        kosdaq_index,
        foreign_net_buying,
        institution_net_buying,
        usd_krw,
        jpy_krw,
        oil_price,
        gold_price,
        sentiment_score,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        null::bigint as _parent_load_id,
        0 as _rank,
        _reason{{ undeclared_columns('market_sentiment') }}
    from source
)

select * from renamed
