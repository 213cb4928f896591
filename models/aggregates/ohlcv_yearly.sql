-- From months rather than days: each column is exact over either, and there are twenty times fewer rows to read.
select
    ticker,
    region,
    time_bucket(interval '1 year', month) as year,
    first(open, month) as open,
    max(high) as high,
    min(low) as low,
    last(close, month) as close,
    sum(volume) as volume,
    first(ma5_start, month) as ma5_start,
    last(ma20_end, month) as ma20_end,
    last(rsi_14_end, month) as rsi_14_end,
    sum(trading_days)::bigint as trading_days
from {{ ref('ohlcv_monthly') }}
group by ticker, region, time_bucket(interval '1 year', month)
