{{ config(needs_rows_of='factors.factor_stale_days') }}
with

spans as (
    select * from {{ ref('factor_report_spans') }}
),

final as (
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
    inner join spans
        on
            prices.ticker = spans.ticker and prices.region = spans.region
            and prices.date >= spans.since and prices.date < spans.expires
    group by prices.ticker, prices.region, prices.date
)

select * from final
