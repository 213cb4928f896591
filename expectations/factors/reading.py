"""What scores are worked out from, read from the target and from the project's own files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg2.extensions
import yaml
from psycopg2.extras import RealDictCursor

from expectations.factors.reports import Report
from expectations.factors.scores import Prices, Score, Settings
from quant.paths import PROJECT

SEEDS = PROJECT / "seeds" / "factors"
STOCKS = """
    select t.ticker, t.region, t.delisting_date
    from public.tickers as t
    left join public.stock_details as d on d.ticker = t.ticker and d.region = t.region
    where upper(t.asset_type) = 'STOCK' and d.is_spac is not true and d.is_preferred is not true
    and (t.ticker, t.region) not in (select ticker, region from public.etfs)
    and (t.ticker, t.region) not in (select ticker, region from public.etf_details)
"""
TRADED = f"""
    public.ohlcv_data as p join ({STOCKS}) as s on s.ticker = p.ticker and s.region = p.region
    where p.timeframe = '1d' and p.close > 0 and p.close < 'infinity' and coalesce(p.volume, 1) > 0
    and p.date <= coalesce(s.delisting_date, p.date)
"""


def settings() -> Settings:
    """The vars of dbt_project.yml and the seeds."""
    given = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    weights: dict[str, dict[str, int]] = {}
    for row in _seed("factor_weights"):
        weights.setdefault(row["combination"], {})[row["member"]] = int(row["weight"])
    return Settings(
        directions={row["factor_name"]: int(row["direction"]) for row in _seed("factors")},
        weights=weights,
        report_lag=_months(given["factor_report_lag"]),
        max_age=_months(given["factor_max_age"]),
        min_names=given["factor_min_names"],
        min_cover=given["factor_min_cover"],
        winsor=given["factor_winsor"],
        daily_days=given["factor_daily_days"],
    )


def _seed(name: str) -> Iterator[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="") as file:
        yield from csv.DictReader(file)


def _months(told: str) -> int:
    number, unit = told.split()
    assert unit in ("month", "months"), told
    return int(number)


@contextmanager
def hashed(connection: psycopg2.extensions.connection) -> Iterator[psycopg2.extensions.cursor]:
    """A cursor that joins without nested loops: one into the prices would decompress them anew for each stock."""
    with connection.cursor() as cursor:
        cursor.execute("set enable_nestloop = off")
        yield cursor
        cursor.execute("reset enable_nestloop")


def stocks_by_day(connection: psycopg2.extensions.connection) -> dict[str, dict[date, int]]:
    """How many stocks of the universe were traded, by region and day."""
    found: dict[str, dict[date, int]] = {}
    with hashed(connection) as cursor:
        cursor.execute(f"select p.region, p.date, count(*) from {TRADED} group by 1, 2")
        for region, day, stocks in cursor:
            found.setdefault(region, {})[day] = stocks
    return found


def prices(
    connection: psycopg2.extensions.connection, region: str, first: date = date.min, last: date = date.max
) -> dict[str, Prices]:
    """The valid prices of a region's universe between two days, by ticker."""
    with hashed(connection) as cursor:
        cursor.execute(
            "select p.ticker, array_agg(p.date order by p.date), array_agg(p.close order by p.date), "
            f"array_agg(p.rsi_14 order by p.date) from {TRADED} and p.region = %s "
            "and p.date between %s and %s group by 1",
            (region, first, last),
        )
        return {ticker: Prices(*columns) for ticker, *columns in cursor}


def reports(connection: psycopg2.extensions.connection, region: str) -> dict[str, list[Report]]:
    """The fundamentals of a region's universe, by ticker."""
    found: dict[str, list[Report]] = {}
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(
            f"select f.* from public.ticker_fundamentals as f join ({STOCKS}) as s using (ticker, region) "
            "where f.region = %s and isfinite(f.date)",
            (region,),
        )
        for row in cursor:
            found.setdefault(row["ticker"], []).append(row)
    return found


def written(
    connection: psycopg2.extensions.connection, region: str, day: date, names: tuple[str, ...]
) -> dict[tuple[str, str], Score]:
    """The rows of factor_scores of a region and day under those names, by ticker and factor."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select ticker, factor_name, raw_value, zscore, score, percentile from public.factor_scores "
            "where region = %s and date = %s and factor_name in %s",
            (region, day, names),
        )
        return {(ticker, name): Score(*values) for ticker, name, *values in cursor}
