with

source as (
    select * from {{ raw_rows('technical_analysis') }} as raw_rows
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
        {{ canonical_date('analysis_date') }} as analysis_date,
        ---------- strings
        signal,
        gpt_pattern,
        gpt_analysis,
        ---------- numerics
        stage,
        stage_confidence,
        layer1_macro_score,
        layer2_structural_score,
        layer3_micro_score,
        total_score,
        signal_strength,
        gpt_confidence,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        parents.parent_load_id as _parent_load_id,
        ({{ canonical_region('region') }} is null)::integer as _rank,
        _reason{{ undeclared_columns('technical_analysis') }}
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
