with

source as (
    select * from {{ raw_rows('ticker_fundamentals') }} as raw_rows
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
        period_type,
        data_source,
        ---------- numerics
        fiscal_year,
        shares_outstanding,
        market_cap,
        close_price,
        per,
        pbr,
        psr,
        pcr,
        ev,
        ev_ebitda,
        dividend_yield,
        dividend_per_share,
        total_assets,
        total_liabilities,
        total_equity,
        revenue,
        operating_profit,
        net_income,
        ebitda,
        cogs,
        gross_profit,
        depreciation,
        interest_expense,
        current_assets,
        current_liabilities,
        inventory,
        accounts_receivable,
        cash_and_equivalents,
        operating_cash_flow,
        capital_expenditure,
        ---------- dates
        {{ canonical_date('date') }} as date,
        ---------- timestamps
        {{ canonical_timestamp('created_at') }} as created_at,
        ---------- of the way from the source
        _rowid,
        _load_id,
        parents.parent_load_id as _parent_load_id,
        ({{ canonical_region('region') }} is null)::integer as _rank,
        _reason{{ undeclared_columns('ticker_fundamentals') }}
    from source
    left join parents
        on {{ canonical_region('region') }} is null and {{ canonical_ticker('ticker') }} = parents.parent_ticker
)

select * from renamed
