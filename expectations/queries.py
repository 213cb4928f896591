"""The queries that the platform lives on, each with its budget: one definition for the checkpoint and for benchmarks.

Everything is anchored on what the data has (its last day, its longest history), never on today: a query
that finds no rows because the data ends earlier would look fast.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg2.extensions

WARM_UPS = 3
RUNS = 20
ATTEMPTS = 3  # another program may get in the way; a slow query is slow every time
ANCHORS = """
    with longest as (
        select ticker, region from public.ohlcv_data where timeframe = '1d'
        group by ticker, region order by count(*) desc, ticker limit 1
    ),
    few as (
        select array_agg(ticker) as tickers
        from (select ticker from public.ohlcv_monthly group by ticker order by count(*) desc, ticker limit 3) as t
    )
    select
        (select max(date) from public.ohlcv_data where timeframe = '1d') as last_day,
        (select ticker from longest) as ticker,
        (select region from longest) as region,
        (select tickers from few) as tickers,
        (
            select min(factor_name) from public.factor_scores
            where date = (select max(date) from public.factor_scores)
        ) as factor,
        (select max(date) from public.factor_scores) as last_score,
        (select min(id) from public.strategies) as strategy
"""
OF_TICKER = "ticker = %(ticker)s and region = %(region)s"


@dataclass(frozen=True)
class Query:
    """A query, the table without whose rows it has nothing to find, and its budgets in milliseconds (p95, warm)."""

    meaning: str
    table: str
    sql: str
    server: float
    embedded: float

    def budget(self, target: str) -> float:
        """The budget on a target of that name."""
        return self.embedded if target == "embedded" else self.server


@dataclass(frozen=True)
class Timing:
    """How a query did: rows, p95 in milliseconds, and its plan if it was beyond its budget."""

    rows: int
    p95: float
    plan: tuple[str, ...] = ()


def _aggregate(name: str, bucket: str) -> Query:
    sql = f"select * from public.{name} where {OF_TICKER} order by {bucket}"
    return Query(f"the {bucket}s of one ticker", name, sql, 5, 40)


QUERIES = (
    Query(
        "ten years of one ticker",
        "ohlcv_data",
        f"select * from public.ohlcv_data where {OF_TICKER} and timeframe = '1d' "
        "and date > %(last_day)s::date - interval '10 years' order by date",
        *(25, 150),
    ),
    Query(
        "three tickers over a year",
        "ohlcv_data",
        "select ticker, region, date, close from public.ohlcv_data "
        "where ticker = any(%(tickers)s) and timeframe = '1d' "
        "and date > %(last_day)s::date - interval '1 year' order by ticker, date",
        *(25, 150),
    ),
    Query(
        "five-year statistics of one ticker",
        "ohlcv_data",
        "select count(*), avg(close), stddev(close), min(low), max(high), avg(volume) from public.ohlcv_data "
        f"where {OF_TICKER} and timeframe = '1d' and date > %(last_day)s::date - interval '5 years'",
        *(25, 150),
    ),
    _aggregate("ohlcv_monthly", "month"),
    _aggregate("ohlcv_quarterly", "quarter"),
    _aggregate("ohlcv_yearly", "year"),
    Query(
        "all tickers on one day",
        "ohlcv_data",
        "select ticker, region, close, volume from public.ohlcv_data where date = %(last_day)s and timeframe = '1d'",
        *(50, 400),
    ),
    Query(
        "one factor on one day by score",
        "factor_scores",
        "select ticker, region, score, percentile from public.factor_scores where factor_name = %(factor)s "
        "and date = %(last_score)s and percentile is not null order by score desc",
        *(20, 400),
    ),
    Query(
        "a ticker's factors over two years",
        "factor_scores",
        f"select date, factor_name, score, percentile from public.factor_scores where {OF_TICKER} "
        "and date > %(last_score)s::date - interval '2 years' order by date",
        *(20, 400),
    ),
    Query(
        "the 50 best backtests by sharpe ratio",
        "backtest_results",
        "select * from public.backtest_results order by sharpe_ratio desc nulls last limit 50",
        *(5, 40),
    ),
    Query(
        "the last 100 transactions of a strategy",
        "portfolio_transactions",
        "select * from public.portfolio_transactions where strategy_id = %(strategy)s order by date desc limit 100",
        *(5, 40),
    ),
    Query(
        "the walk-forward results of a strategy",
        "walk_forward_results",
        "select * from public.walk_forward_results where strategy_id = %(strategy)s order by train_start_date",
        *(5, 40),
    ),
    Query(
        "the holdings of a strategy with their latest close",
        "portfolio_holdings",
        "select h.*, p.close from public.portfolio_holdings as h left join lateral (select o.close "
        "from public.ohlcv_data as o where o.ticker = h.ticker and o.region = h.region and o.timeframe = '1d' "
        "order by o.date desc limit 1) as p on true where h.strategy_id = %(strategy)s",
        *(50, 400),
    ),
    Query(
        "sectors over the last month",
        "ohlcv_data",
        "select d.sector, count(*), avg(o.close) from public.ohlcv_data as o join public.stock_details as d "
        "using (ticker, region) where o.timeframe = '1d' and o.date > %(last_day)s::date - interval '1 month' "
        "group by d.sector",
        *(250, 1500),
    ),
)


# What any answer takes, measured beside the queries: where it takes long, the machine has other work to do.
PULSE = Query("an answer", "", "select 1", 2, 10)


def anchors(connection: psycopg2.extensions.connection) -> dict[str, object]:
    """The values that the queries are asked with."""
    with connection.cursor() as cursor:
        cursor.execute(ANCHORS)
        row = cursor.fetchone()
        assert row is not None
        assert cursor.description is not None
        return {column.name: value for column, value in zip(cursor.description, row, strict=True)}


def has_rows(connection: psycopg2.extensions.connection, query: Query) -> bool:
    """Whether the query's table has any row."""
    with connection.cursor() as cursor:
        cursor.execute(f"select from public.{query.table} limit 1")
        return cursor.rowcount > 0


def measure(
    connection: psycopg2.extensions.connection, query: Query, asked: Mapping[str, object], budget: float
) -> Timing:
    """Run a query warm until all its rows are here; the best of a few attempts if one is beyond the budget."""
    best = Timing(0, float("inf"))
    for _ in range(ATTEMPTS):
        best = min(best, measure_once(connection, query, asked), key=lambda timing: timing.p95)
        if best.p95 <= budget:
            break
    return best


def measure_once(connection: psycopg2.extensions.connection, query: Query, asked: Mapping[str, object]) -> Timing:
    """Run a query warm, whatever else the machine does."""
    times = []
    rows = 0
    with connection.cursor() as cursor:
        for _ in range(WARM_UPS + RUNS):
            begun = time.perf_counter()
            cursor.execute(query.sql, asked)  # returns when all rows have arrived
            times.append(1000 * (time.perf_counter() - begun))
            rows = cursor.rowcount
    return Timing(rows, sorted(times[WARM_UPS:])[round(0.95 * RUNS) - 1])


def explain(connection: psycopg2.extensions.connection, query: Query, asked: Mapping[str, object]) -> list[str]:
    """The plan of a query, as it was executed."""
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, buffers) {query.sql}", asked)
        return [str(line) for (line,) in cursor.fetchall()]
