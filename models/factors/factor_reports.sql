{#- P(date), the price that a snapshot was worked out with, is looked up only where it can have changed. -#}
with

changed_days as materialized (
    select
        region,
        date
    from {{ ref('factor_days') }}
    where is_changed
),

fundamentals as (
    select
        reports.*,
        coalesce(reports.period_type = 'DAILY', false) as is_daily,
        substring(reports.data_source from '^DART-([0-9]{4})-110(?:11|12|13|14)$')::integer as dart_year,
        right(reports.data_source, 5) as dart_code
    from {{ ref('ticker_fundamentals') }} as reports
    inner join {{ ref('factor_universe') }} as universe
        on reports.ticker = universe.ticker and reports.region = universe.region
    where isfinite(reports.date)
),

ended as (
    select
        *,
        case
            when is_daily then null
            when dart_year is null then date
            when dart_code = '11011' then make_date(dart_year, 12, 31)
            when dart_code = '11012' then make_date(dart_year, 6, 30)
            when dart_code = '11013' then make_date(dart_year, 3, 31)
            when dart_code = '11014' then make_date(dart_year, 9, 30)
        end as period_end
    from fundamentals
),

dated as (
    select
        *,
        case
            when is_daily then date
            else greatest(date, (period_end + interval '{{ var("factor_report_lag") }}')::date)
        end as available,
        (date + interval '{{ var("factor_max_age") }}')::date as snapshot_expires,
        (period_end + interval '{{ var("factor_max_age") }}')::date as statement_expires
    from ended
),

unpriced as materialized (
    select
        dated.id,
        dated.ticker,
        dated.region,
        dated.date
    from dated
    left join factors.known_reports as known
        on
            dated.id = known.id
            and (dated.ticker, dated.region, dated.date) = (known.ticker, known.region, known.date)
    where
        known.id is null
        or exists (
            select from changed_days as changed
            where changed.region = dated.region and changed.date between dated.date - 14 and dated.date
        )
),

priced as (
    select distinct on (unpriced.id)
        unpriced.id,
        prices.close as price_at
    from unpriced
    inner join {{ universe_prices(['prices.close']) }} as prices
        on
            unpriced.ticker = prices.ticker and unpriced.region = prices.region
            and prices.date between unpriced.date - 14 and unpriced.date
    order by unpriced.id asc, prices.date desc
),

found as (
    select
        dated.id,
        dated.ticker,
        dated.region,
        dated.date,
        dated.period_type = 'ANNUAL' as is_annual,
        dated.period_end,
        dated.available as since,
        dated.snapshot_expires,
        dated.statement_expires,
        case when unpriced.id is null then known.price_at else priced.price_at end as price_at,
        nullif(dated.per, 0) as per,
        case when dated.pbr > 0 then dated.pbr end as pbr,
        coalesce(
            dated.dividend_per_share / nullif(dated.close_price, 0), dated.dividend_yield / 100
        ) as dividend_yield,
        coalesce(dated.per, 0) <> 0 or coalesce(dated.pbr, 0) <> 0 as pays_or_not,
        coalesce(nullif(dated.market_cap, 0), dated.shares_outstanding * dated.close_price) as cap,
        nullif(dated.net_income, 0)::double precision as net_income,
        nullif(dated.total_equity, 0)::double precision as total_equity,
        nullif(dated.total_liabilities, 0)::double precision as total_liabilities
    from dated
    left join unpriced on dated.id = unpriced.id
    left join priced on dated.id = priced.id
    left join factors.known_reports as known on dated.id = known.id
),

final as (
    select
        *,
        greatest(snapshot_expires, statement_expires) as expires,
        md5(row(
            ticker, region, date, is_annual, period_end, since, float8send(price_at), float8send(per), float8send(pbr),
            float8send(dividend_yield), pays_or_not, float8send(cap), float8send(net_income), float8send(total_equity),
            float8send(total_liabilities)
        )::text) as digest
    from found
)

select * from final
