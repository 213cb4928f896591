{#- A share cannot move further in a day of that region: a split that only the newer rows are adjusted for looks like this.
    A day is looked at when its prices have changed. -#}
{% test moves_within_limit(model, region, most) %}
    with

    changed as (
        select date from {{ ref('factor_days') }}
        where is_changed and region = '{{ region }}'
    ),

    moves as (
        select
            ticker,
            date,
            close / lag(close) over (partition by ticker order by date) - 1 as daily_return
        from {{ universe_prices(['prices.close']) }} as prices
        where region = '{{ region }}'
            and date >= (select min(date) from changed) - 14
            and date <= (select max(date) from changed)
    )

    -- depends_on: {{ model }}
    select moves.* from moves
    inner join changed on moves.date = changed.date
    where abs(daily_return) > {{ most }}
{% endtest %}
