-- Rows for the tables that applications fill, as many for each ticker, day and strategy as a busy year makes.
insert into public.factor_scores (ticker, region, factor_name, date, raw_value, zscore, score, percentile)
select k.ticker, k.region, f.name, d.day, r.value, r.value, r.value, 50 + 50 * sin(r.value * 10)
from (select distinct ticker, region from public.ohlcv_data order by ticker limit 500) as k
cross join unnest(array['momentum', 'value', 'quality', 'size', 'volatility', 'composite']) as f (name)
cross join (select distinct date as day from public.ohlcv_data where timeframe = '1d' order by day desc limit 250) as d
cross join lateral (
    select hashtext(k.ticker || f.name || d.day) / 2147483648.0 as value
) as r
on conflict do nothing;

insert into public.strategies (name, factor_weights)
select 'strategy ' || n, '{"momentum": 0.5, "value": 0.5}' from generate_series(1, 20) as n;

insert into public.backtest_results (strategy_id, start_date, end_date, initial_capital, final_capital, sharpe_ratio, num_trades)
select s.id, date '2020-01-01' + n, date '2024-01-01' + n, 1000000, 1000000 + 100 * n, sin(n + s.id), n
from public.strategies as s
cross join generate_series(1, 500) as n;

insert into public.portfolio_transactions (strategy_id, ticker, region, date, transaction_type, shares, price)
select s.id, p.ticker, p.region, p.date, case when p.volume % 2 = 0 then 'BUY' else 'SELL' end, 10, least(p.close, 1e9)
from public.strategies as s
cross join (
    select * from public.ohlcv_data where timeframe = '1d' and close is not null order by date desc, ticker limit 1000
) as p;

insert into public.portfolio_holdings (strategy_id, ticker, region, date, shares, cost_basis)
select s.id, k.ticker, k.region, k.date, 10, 1000
from public.strategies as s
cross join (
    select ticker, region, max(date) as date from public.ohlcv_data where timeframe = '1d' group by ticker, region
    order by ticker limit 30
) as k;

insert into public.walk_forward_results (strategy_id, train_start_date, train_end_date, test_start_date, test_end_date)
select s.id, date '2015-01-01' + 30 * n, date '2017-01-01' + 30 * n, date '2017-01-02' + 30 * n, date '2017-06-30' + 30 * n
from public.strategies as s
cross join generate_series(1, 50) as n;

select count(public.compress_chunk(chunk, true)) from public.show_chunks('public.factor_scores', older_than => interval '180 days') as chunk;

-- The same rows in plain tables with the same keys and indexes. Their aggregates are views, worked out by each query.
create schema plain;
create table plain.ohlcv_data (like public.ohlcv_data including indexes);
insert into plain.ohlcv_data select * from public.ohlcv_data;
create table plain.factor_scores (like public.factor_scores including indexes);
insert into plain.factor_scores select * from public.factor_scores;
set search_path = plain, public;
do $$
declare aggregate record;
begin
    for aggregate in
        select view_name, view_definition from timescaledb_information.continuous_aggregates
        where view_schema = 'public' order by view_name <> 'ohlcv_monthly'
    loop
        execute format(
            'create view plain.%I as %s', aggregate.view_name,
            regexp_replace(aggregate.view_definition, '\mpublic\.(ohlcv_)', 'plain.\1', 'g')
        );
    end loop;
end $$;
analyze public.ohlcv_data, public.factor_scores, plain.ohlcv_data, plain.factor_scores;
