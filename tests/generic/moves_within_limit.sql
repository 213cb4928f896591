{#- A share cannot move further in a day of that region: a split that only the newer rows are adjusted for looks like this. -#}
{% test moves_within_limit(model, region, most) %}
    with

    moves as (
        select
            ticker,
            date,
            close / lag(close) over (partition by ticker order by date) - 1 as daily_return
        from {{ universe_prices(['prices.close']) }} as prices
        where region = '{{ region }}'
    )

    -- depends_on: {{ model }}
    select * from moves
    where abs(daily_return) > {{ most }}
{% endtest %}
