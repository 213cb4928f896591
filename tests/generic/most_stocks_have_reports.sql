{#- Nothing is said of a database without any report: its source has none. -#}
{% test most_stocks_have_reports(model, least) %}
    select
        stocks.region,
        count(*) as stocks,
        count(*) filter (where reported.ticker is null) as without_report
    from {{ ref('factor_universe') }} as stocks
    left join (select distinct ticker, region from {{ ref('factor_reports') }}) as reported
        on stocks.ticker = reported.ticker and stocks.region = reported.region
    -- depends_on: {{ model }}
    where exists (select from {{ ref('factor_reports') }})
    group by stocks.region
    having count(reported.ticker) < {{ least }} * count(*)
{% endtest %}
