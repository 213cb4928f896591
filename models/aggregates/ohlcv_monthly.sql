{%- set extension = timescaledb() -%}
select
    ticker,
    region,
    {{ extension }}.time_bucket(interval '1 month', date) as month,
    {{ extension }}.first(open, date) as open,
    max(high) as high,
    min(low) as low,
    {{ extension }}.last(close, date) as close,
    {{ summed('volume', ref('ohlcv_data')) }} as volume,
    {{ extension }}.first(ma5, date) as ma5_start,
    {{ extension }}.last(ma20, date) as ma20_end,
    {{ extension }}.last(rsi_14, date) as rsi_14_end,
    count(*) as trading_days
from {{ ref('ohlcv_data') }}
where timeframe = '1d'
group by ticker, region, {{ extension }}.time_bucket(interval '1 month', date)
