{#- The prices that factors are worked out from, as a subquery: daily, traded, of a listed stock of the universe. A model
    that joins them turns nested loops off: one would decompress a chunk for each stock, day or report. -#}
{% macro universe_prices(columns, where='true') -%}
    (
        select
            prices.ticker,
            prices.region,
            universe.stock,
            prices.date{{ ', ' if columns }}{{ columns | join(', ') }}
        from {{ ref('ohlcv_data') }} as prices
        inner join {{ ref('factor_universe') }} as universe
            on prices.ticker = universe.ticker and prices.region = universe.region
        where prices.timeframe = '1d'
            and prices.close > 0 and prices.close < 'infinity'
            and (prices.volume > 0 or prices.volume is null)
            and prices.date <= universe.last_day
            and {{ where }}
    )
{%- endmacro %}
