-- The floor for models/factors: the same scores as plain SQL, worked out whole into an empty hypertable, with nothing
-- remembered and nothing compared. psql runs it; it writes bare.factor_scores and what it needs on the way.
\set ON_ERROR_STOP on
set work_mem = '128MB';
set client_min_messages = warning;
drop schema if exists bare cascade;
create schema bare;
set search_path = bare, public;

create table universe as
select
    t.ticker,
    t.region,
    coalesce(t.delisting_date, 'infinity') as last_day
from tickers as t
left join stock_details as d on d.ticker = t.ticker and d.region = t.region
where
    upper(t.asset_type) = 'STOCK' and d.is_spac is not true and d.is_preferred is not true
    and not exists (select from etfs as e where e.ticker = t.ticker and e.region = t.region)
    and not exists (select from etf_details as e where e.ticker = t.ticker and e.region = t.region);
analyze universe;

create unlogged table prices as
select
    p.region,
    p.ticker,
    p.date,
    p.close,
    p.rsi_14
from ohlcv_data as p
inner join universe as u on u.ticker = p.ticker and u.region = p.region
where p.timeframe = '1d' and p.close > 0 and (p.volume > 0 or p.volume is null) and p.date <= u.last_day;
analyze prices;

create table score_days as
with traded as (
    select
        region,
        date,
        2 * count(*) >= max(count(*)) over (partition by region, date_trunc('month', date)) as is_open
    from prices
    group by region, date
)

select
    region,
    date
from (
    select
        region,
        date,
        max(date) over (partition by region) as last_day,
        max(date) over (partition by region, date_trunc('month', date)) as month_end
    from traded
    where is_open
) as calendar
where date > last_day - 365 or date = month_end;
analyze score_days;

create unlogged table features as
with moved as (
    select
        *,
        close / lag(close) over past - 1 as daily_return,
        lag(date, 60) over past as date_60,
        lag(date, 119) over past as date_119,
        last_value(close) over (past range between '1 month 14 days' preceding and '1 month' preceding) as close_1m,
        last_value(close) over (past range between '12 months 14 days' preceding and '12 months' preceding) as close_12m
    from prices
    window past as (partition by region, ticker order by date)
),

varied as (
    select
        *,
        stddev_samp(daily_return) over last_60 as deviation,
        count(*) filter (where daily_return <> 0) over last_60 as moves
    from moved
    window last_60 as (partition by region, ticker order by date rows 59 preceding)
)

select
    region,
    ticker,
    date,
    close,
    case when rsi_14 between 0 and 100 then rsi_14 end as rsi_14,
    case when date_119 >= date - interval '12 months' then close_1m / close_12m - 1 end as momentum_12m,
    case when date_60 >= date - 120 and moves > 0 then deviation * sqrt(252::double precision) end as volatility_60d
from varied
inner join score_days using (region, date);
analyze features;

create table spans as
with dated as (
    select
        f.*,
        coalesce(f.dividend_per_share / nullif(f.close_price, 0), f.dividend_yield / 100) as yield,
        f.period_type = 'DAILY' as is_daily,
        case right(f.data_source, 5)
            when '11011' then make_date(substr(f.data_source, 6, 4)::int, 12, 31)
            when '11012' then make_date(substr(f.data_source, 6, 4)::int, 6, 30)
            when '11013' then make_date(substr(f.data_source, 6, 4)::int, 3, 31)
            when '11014' then make_date(substr(f.data_source, 6, 4)::int, 9, 30)
            else f.date
        end as period_end,
        p.close as price
    from ticker_fundamentals as f
    inner join universe as u on u.ticker = f.ticker and u.region = f.region
    left join lateral (
        select close from prices
        where prices.ticker = f.ticker and prices.region = f.region and prices.date between f.date - 14 and f.date
        order by date desc limit 1
    ) as p on true
),

given as (
    select
        d.ticker,
        d.region,
        i.input,
        i.value,
        d.price,
        greatest(d.date, case when not d.is_daily then (d.period_end + interval '4 months')::date end) as since,
        ((case when i.is_snapshot then d.date else d.period_end end) + interval '18 months')::date as expires,
        -- The input's date first, then when it became known, then the id.
        array[(case when i.is_snapshot then d.date else d.period_end end) - '2000-01-01'::date, d.date - '2000-01-01'::date, d.id]
            as place
    from dated as d
    cross join lateral (
        values
        ('earnings', true, 1 / nullif(d.per, 0)),
        ('book', true, case when d.pbr > 0 then 1 / d.pbr end),
        (
            'dividend', true,
            case when coalesce(d.per, 0) <> 0 or coalesce(d.pbr, 0) <> 0 or d.yield > 0 then d.yield end
        ),
        ('cap', true, coalesce(nullif(d.market_cap, 0), nullif(d.shares_outstanding * d.close_price, 0))),
        ('income', false, case when d.period_type = 'ANNUAL' then nullif(d.net_income, 0) end),
        ('equity', false, case when d.total_equity > 0 then d.total_equity end),
        (
            'roe', false,
            case when d.period_type = 'ANNUAL' and d.total_equity > 0 then nullif(d.net_income, 0) / d.total_equity::float end
        ),
        (
            'debt', false,
            case when d.total_equity > 0 and d.total_liabilities > 0 then d.total_liabilities / d.total_equity::float end
        )
    ) as i (input, is_snapshot, value)
    where
        i.value is not null
        and case when i.is_snapshot then d.price is not null else not d.is_daily end
        and (i.input <> 'dividend' or i.value between 0 and 1)
),

chosen as (
    select *
    from (select *, max(place) over (partition by ticker, region, input order by since) as best from given) as ranked
    where place = best
)

select
    ticker,
    region,
    input,
    value,
    price,
    since,
    least(expires, lead(since) over (partition by ticker, region, input order by since)) as until
from chosen;
analyze spans;

create unlogged table inputs as
select
    f.region,
    f.ticker,
    f.date,
    max(s.value * s.price / f.close) filter (where s.input = 'earnings') as earnings,
    max(s.value * s.price / f.close) filter (where s.input = 'book') as book,
    max(s.value * s.price / f.close) filter (where s.input = 'dividend') as dividend,
    max(s.value * f.close / s.price) filter (where s.input = 'cap') as cap,
    max(s.value) filter (where s.input = 'income') as income,
    max(s.value) filter (where s.input = 'equity') as equity,
    max(s.value) filter (where s.input = 'roe') as roe,
    max(s.value) filter (where s.input = 'debt') as debt
from features as f
inner join spans as s on s.ticker = f.ticker and s.region = f.region and f.date >= s.since and f.date < s.until
group by f.region, f.ticker, f.date;
analyze inputs;

create table weights (combination text, member text, weight integer, total integer);
insert into weights
values
('value', 'earnings_to_price', 1, 3), ('value', 'book_to_price', 1, 3), ('value', 'dividend_yield', 1, 3),
('momentum', 'momentum_12m', 1, 2), ('momentum', 'rsi_14', 1, 2),
('quality', 'roe', 1, 2), ('quality', 'debt_to_equity', 1, 2),
('low_volatility', 'volatility_60d', 1, 1), ('size', 'market_cap', 1, 1),
('composite', 'value', 25, 100), ('composite', 'momentum', 25, 100), ('composite', 'quality', 25, 100),
('composite', 'low_volatility', 15, 100), ('composite', 'size', 10, 100);

create unlogged table given (
    ticker text,
    region text,
    factor_name text,
    date date,
    direction integer,
    raw_value double precision
);
create unlogged table scores (
    ticker text,
    region text,
    factor_name text,
    date date,
    raw_value double precision,
    zscore double precision,
    score double precision,
    percentile double precision
);

create procedure score() language sql as $$
    with cuts as (
        select
            region,
            factor_name,
            date,
            count(*) as n,
            percentile_cont(array[0.01, 0.99]) within group (order by raw_value) as cut
        from given
        group by region, factor_name, date
        having count(*) >= 5
    ),

    winsorized as (
        select
            given.*,
            n,
            least(greatest(raw_value, cut[1]), cut[2]) as value
        from given
        left join cuts using (region, factor_name, date)
    ),

    moments as (
        select
            region,
            factor_name,
            date,
            avg(value) as mean,
            stddev_samp(value) as deviation
        from winsorized
        where n is not null
        group by region, factor_name, date
        having min(value) < max(value)
    ),

    ranked as (
        select
            *,
            rank() over peers as lowest,
            count(*) over peers as highest
        from winsorized
        window peers as (partition by region, factor_name, date order by direction * raw_value)
    )

    insert into scores
    select
        ticker,
        region,
        factor_name,
        date,
        raw_value,
        (value - mean) / deviation,
        case when deviation > 0 then least(greatest(direction * (value - mean) / deviation, -3), 3) end,
        100 * ((lowest + highest) / 2.0::double precision - 1) / (n - 1)
    from ranked
    left join moments using (region, factor_name, date)
$$;

create procedure combine(level text[]) language sql as $$
    truncate given;
    insert into given
    select
        s.ticker,
        s.region,
        w.combination,
        s.date,
        1,
        sum(w.weight * s.score) / w.total
    from scores as s
    inner join weights as w on w.member = s.factor_name and w.combination = any(level)
    where s.score is not null
    group by s.ticker, s.region, w.combination, s.date, w.total
    having 100 * sum(w.weight) >= 40 * w.total
$$;

insert into given
select
    f.ticker,
    f.region,
    v.factor_name,
    f.date,
    v.direction,
    v.raw_value
from features as f
left join inputs as i on i.region = f.region and i.ticker = f.ticker and i.date = f.date
cross join lateral (
    values
    ('earnings_to_price', 1, coalesce(i.earnings, i.income / i.cap)),
    ('book_to_price', 1, coalesce(i.book, i.equity / i.cap)),
    ('dividend_yield', 1, i.dividend),
    ('momentum_12m', 1, f.momentum_12m),
    ('rsi_14', 1, f.rsi_14),
    ('roe', 1, i.roe),
    ('debt_to_equity', -1, i.debt),
    ('volatility_60d', -1, f.volatility_60d),
    ('market_cap', -1, ln(i.cap))
) as v (factor_name, direction, raw_value)
where v.raw_value is not null;
analyze given;
call score();
analyze scores;
call combine('{value,momentum,quality,low_volatility,size}');
analyze given;
call score();
analyze scores;
call combine('{composite}');
analyze given;
call score();

create table factor_scores (like public.factor_scores including all);
select create_hypertable('bare.factor_scores', 'date', chunk_time_interval => interval '1 year', create_default_indexes => false)
\g /dev/null
insert into factor_scores (ticker, region, factor_name, date, raw_value, zscore, score, percentile)
select * from scores
order by region, factor_name, ticker, date;
