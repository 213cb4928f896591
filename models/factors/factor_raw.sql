{{ config(materialized='ephemeral') }}
{#- A factor is a line here and a line in seeds/factors/factors.csv. Ratios of a report are carried to the day by the
    price. -#}
with

reported as (
    select
        prices.ticker,
        prices.region,
        prices.date,
        {% for input in ['earnings_yield', 'book_yield', 'dividend_yield', 'cap'] -%}
        max(spans.value) filter (where spans.input = '{{ input }}') as {{ input }},
        max(spans.price_at) filter (where spans.input = '{{ input }}') as {{ input }}_price,
        {% endfor -%}
    {% for input in ['net_income', 'total_equity', 'roe', 'debt_to_equity'] -%}
    max(spans.value) filter (where spans.input = '{{ input }}') as {{ input }}{{ ',' if not loop.last }}
    {% endfor %}
    from {{ ref('factor_prices') }} as prices
    inner join {{ ref('factor_report_spans') }} as spans
        on
            prices.ticker = spans.ticker and prices.region = spans.region
            and prices.date >= spans.since and prices.date < spans.expires
    group by prices.ticker, prices.region, prices.date
),

inputs as (
    select
        prices.ticker,
        prices.region,
        prices.date,
        prices.rsi_14,
        prices.momentum_12m,
        prices.volatility_60d,
        reported.earnings_yield * reported.earnings_yield_price / prices.close as earnings_yield,
        reported.book_yield * reported.book_yield_price / prices.close as book_yield,
        reported.dividend_yield * reported.dividend_yield_price / prices.close as dividend_yield,
        reported.cap * prices.close / reported.cap_price as cap,
        reported.net_income,
        reported.total_equity,
        reported.roe,
        reported.debt_to_equity
    from {{ ref('factor_prices') }} as prices
    left join reported
        on prices.ticker = reported.ticker and prices.region = reported.region and prices.date = reported.date
),

final as (
    select
        inputs.ticker,
        inputs.region,
        inputs.date,
        factors.factor_name,
        factors.raw_value
    from inputs
    cross join
        lateral (
            values
            ('earnings_to_price', coalesce(inputs.earnings_yield, inputs.net_income / inputs.cap)),
            ('book_to_price', coalesce(inputs.book_yield, inputs.total_equity / inputs.cap)),
            ('dividend_yield', inputs.dividend_yield),
            ('momentum_12m', inputs.momentum_12m),
            ('rsi_14', case when inputs.rsi_14 between 0 and 100 then inputs.rsi_14 end),
            ('roe', inputs.roe),
            ('debt_to_equity', inputs.debt_to_equity),
            ('volatility_60d', inputs.volatility_60d),
            ('market_cap', ln(inputs.cap))
        ) as factors (factor_name, raw_value)
    where factors.raw_value is not null
)

select * from final
