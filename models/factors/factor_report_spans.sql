{{ config(needs_rows_of='factors.factor_stale_days') }}
{#- For each input by itself, from when expires when which report gives it. Reports compete by rank, and one of a lower rank
    than what is there already never comes up: what is newer expires later. -#}
-- depends_on: {{ ref('factor_stale_days') }}
with

reports as (
    select * from {{ ref('factor_reports') }}
),

inputs as (
    select
        reports.ticker,
        reports.region,
        reports.since,
        reports.price_at,
        given.input,
        given.value,
        case when given.is_snapshot then reports.snapshot_expires else reports.statement_expires end as expires,
        case
            when given.is_snapshot then array[reports.date - date '2000-01-01', reports.id]
            else array[reports.period_end - date '2000-01-01', reports.since - date '2000-01-01', reports.id]
        end as place
    from reports
    cross join
        lateral (
            values
            ('earnings_yield', true, 1 / reports.per, abs(reports.per) < 'infinity'),
            ('book_yield', true, 1 / reports.pbr, reports.pbr < 'infinity'),
            (
                'dividend_yield', true, reports.dividend_yield,
                reports.dividend_yield > 0 and reports.dividend_yield <= 1
                or reports.dividend_yield = 0 and reports.pays_or_not
            ),
            ('cap', true, reports.cap, reports.cap > 0 and reports.cap < 'infinity'),
            ('net_income', false, reports.net_income, reports.is_annual),
            ('total_equity', false, reports.total_equity, reports.total_equity > 0),
            (
                'roe', false, reports.net_income / reports.total_equity,
                reports.is_annual and reports.total_equity > 0
            ),
            (
                'debt_to_equity', false, reports.total_liabilities / reports.total_equity,
                reports.total_liabilities > 0 and reports.total_equity > 0
            )
        ) as given (input, is_snapshot, value, is_valid)
    where
        given.value is not null and given.is_valid
        and case when given.is_snapshot then reports.price_at else reports.period_end - date '2000-01-01' end is not null
),

led as (
    select
        *,
        max(place) over (partition by ticker, region, input order by since) as leader
    from inputs
),

final as (
    select
        ticker,
        region,
        input,
        value,
        price_at,
        since,
        least(expires, lead(since) over (partition by ticker, region, input order by since)) as expires
    from led
    where place = leader
)

select * from final
