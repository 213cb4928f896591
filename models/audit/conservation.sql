{#- All tables that are filled from the source; a table that is not here fails the test that compares this list. -#}
{%- set tables = [
    'tickers',
    'stock_details',
    'etfs',
    'etf_details',
    'etf_holdings',
    'ohlcv_data',
    'ticker_fundamentals',
    'technical_analysis',
    'trades',
    'portfolio',
    'market_sentiment',
    'global_market_indices',
    'exchange_rate_history',
] -%}
with

loaded as (
    select * from {{ source('raw', '_tables') }}
),

quarantined as (
    select
        table_name,
        count(*) as quarantined_rows,
        count(rowid) as rowids,
        sum(hashint8extended(rowid, 0)) as rowid_sum
    from {{ source('audit', 'quarantine') }}
    group by table_name
),

placed as (
    {% for table in tables -%}
    select
        '{{ table }}' as table_name,
        count(*) as public_rows,
        count(*) filter (where placed.source_rowid is null and {{ stub_condition(table) }}) as stub_rows,
        count(*) filter (where placed.source_rowid is null and not {{ stub_condition(table) }}) as application_rows,
        count(placed.source_rowid) as filled_rows,
        sum(hashint8extended(placed.source_rowid, 0)) as rowid_sum
    from {{ ref(table) }} as placed
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

in_raw as (
    {% for table in tables -%}
    select
        '{{ table }}' as table_name,
        count(*) as rowids,
        sum(hashint8extended(_rowid, 0)) as rowid_sum
    from {{ raw_rowids(table) }} as in_source
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- where each row of raw has one place, none was kept, and nobody need look for it
in_step as (
    select table_name
    from placed
    inner join in_raw using (table_name)
    left join quarantined using (table_name)
    where
        in_raw.rowids = placed.filled_rows + coalesce(quarantined.rowids, 0)
        and coalesce(in_raw.rowid_sum, 0) = coalesce(placed.rowid_sum, 0) + coalesce(quarantined.rowid_sum, 0)
),

kept as (
    {% for table in tables -%}
    select
        '{{ table }}' as table_name,
        count(*) as kept_rows
    from {{ ref(table) }} as placed
    where
        placed.source_rowid is not null
        and not exists (
            select from in_step
            where in_step.table_name = '{{ table }}'
        )
        and not exists (
            select from {{ raw_rowids(table) }} as in_source
            where in_source._rowid = placed.source_rowid
        )
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

retained as (
    select
        'ohlcv_data' as table_name,
        count(*) as retained_rows
    from {{ retained_rows(ref('ohlcv_data'), ref('stg_ohlcv_data'), 'date') }} as taken
),

counted as (
    select
        table_name,
        coalesce(loaded.source_rows, 0) as source_rows,
        coalesce(loaded.raw_rows, 0) as raw_rows,
        coalesce(loaded.rejected_rows, 0) as rejected_rows,
        placed.public_rows,
        placed.stub_rows,
        placed.application_rows,
        kept.kept_rows,
        case when placed.table_name is not null then coalesce(retained.retained_rows, 0) end as retained_rows,
        case when placed.table_name is not null then coalesce(quarantined.quarantined_rows, 0) end as quarantined_rows
    from loaded
    full outer join placed using (table_name)
    left join kept using (table_name)
    left join quarantined using (table_name)
    left join retained using (table_name)
)

select
    *,
    abs(source_rows - raw_rows - rejected_rows)
    + coalesce(abs(raw_rows - (public_rows - stub_rows - application_rows - kept_rows) - retained_rows - quarantined_rows), 0) as difference
from counted
