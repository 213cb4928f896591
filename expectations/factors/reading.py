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
        min_evaluated=given["factor_min_evaluated"],
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


STALE = f"""
    with days as (
        select
            p.region, p.date,
            sum(hashfloat8extended(
                coalesce(p.rsi_14, 'nan'), hashfloat8extended(p.close, hashtextextended(p.ticker, 0))
            )) as digest
        from {TRADED} group by 1, 2
    ),
    reports as (
        select f.id, f.ticker, f.region, f.date from public.ticker_fundamentals as f join ({STOCKS}) as s
        on s.ticker = f.ticker and s.region = f.region where isfinite(f.date)
    )
    select region from days full join factors.known_days as known using (region, date)
    where days.digest is distinct from known.digest
    union
    select coalesce(reports.region, known.region) from reports full join factors.known_reports as known using (id)
    where (reports.ticker, reports.region, reports.date) is distinct from (known.ticker, known.region, known.date)
"""


def stale_regions(connection: psycopg2.extensions.connection) -> set[str]:
    """Regions in which a price or the list of reports is not that which a build last worked scores out from."""
    with hashed(connection) as cursor:
        cursor.execute(STALE)
        return {region for (region,) in cursor}


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


EVALUATION = {
    "factor_ic": ("factor_name, horizon", "stocks, without_forward_price, ic"),
    "factor_quintiles": ("factor_name, horizon, quintile", "stocks, mean_return"),
    "factor_turnover": ("factor_name", "stocks, turnover, rank_autocorrelation"),
    "factor_correlations": ("factor_name, other_factor", "stocks, coefficient"),
    "factor_coverage": ("factor_name", "stocks, covered"),
}


def evaluation(
    connection: psycopg2.extensions.connection, region: str, month: date
) -> dict[tuple[object, ...], tuple[float | None, ...]]:
    """The rows of the evaluation tables of a region and month: values by table and key."""
    found: dict[tuple[object, ...], tuple[float | None, ...]] = {}
    with connection.cursor() as cursor:
        for table, (keys, values) in EVALUATION.items():
            where = (region, month)
            cursor.execute(f"select {keys}, {values} from factors.{table} where region = %s and month = %s", where)
            width = len(keys.split(","))
            for row in cursor:
                numbers = tuple(None if value is None else float(value) for value in row[width:])
                found[table, *row[:width]] = numbers
    return found
