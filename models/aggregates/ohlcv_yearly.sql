{%- set extension = timescaledb() -%}
-- From months rather than days: each column is exact over either, and there are twenty times fewer rows to read.
select
    ticker,
    region,
    {{ extension }}.time_bucket(interval '1 year', month) as year,
    {{ extension }}.first(open, month) as open,
    max(high) as high,
    min(low) as low,
    {{ extension }}.last(close, month) as close,
    sum(volume) as volume,
    {{ extension }}.first(ma5_start, month) as ma5_start,
    {{ extension }}.last(ma20_end, month) as ma20_end,
    {{ extension }}.last(rsi_14_end, month) as rsi_14_end,
    sum(trading_days)::bigint as trading_days
from {{ ref('ohlcv_monthly') }}
group by ticker, region, {{ extension }}.time_bucket(interval '1 year', month)
