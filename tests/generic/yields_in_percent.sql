{#- A source of data that changes from percent to fractions does not say so: the median of its yields does. -#}
{% test yields_in_percent(model) %}
    select
        data_source,
        percentile_cont(0.5) within group (order by dividend_yield) as median_yield
    from {{ ref('ticker_fundamentals') }}
    where
        dividend_yield > 0
        and exists (select from {{ ref('factor_reports') }} as reports where reports.id = ticker_fundamentals.id)
    -- depends_on: {{ model }}
    group by data_source
    having percentile_cont(0.5) within group (order by dividend_yield) not between 0.2 and 20
{% endtest %}
