"""Prices and reports written straight into public, as an application does, and the scores that they must give."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg2.extensions
from psycopg2.extras import execute_values

from expectations.factors import reading
from expectations.factors.calendar import score_days, trading_days
from expectations.factors.scores import Score, differences, scores_of
from tests.support.dbt_ground import SCHEMA
from tests.support.places import Place
from tests.support.sources import write

Row = tuple[object, ...]
SETTINGS = reading.settings()
ON = {"QUANT_FACTORS": "true"}
LAST = date(2025, 3, 31)
SOURCES = ("yfinance", "KIS", "DART-2023-11011", "DART-2024-11012", "DART-2024-11014")


def empty(place: Place, folder: Path) -> None:
    """Load a source whose tables have no rows."""
    path = write(folder / "empty.db", *SCHEMA)
    place.run("python", "-m", "loader.run", "--source", str(path))


def score(place: Place, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run dbt for the factors alone."""
    return place.run("dbt", *(words or ("run",)), "--select", "factors", check=check, **ON)


@contextmanager
def connected(place: Place) -> Iterator[psycopg2.extensions.connection]:
    connection = place.target.connect("tests")
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def weekdays(first: date, last: date = LAST) -> list[date]:
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]


def insert(place: Place, table: str, columns: str, rows: list[Row]) -> None:
    with connected(place) as connection, connection.cursor() as cursor:
        execute_values(
            cursor, f"insert into public.{table} ({columns}) values %s on conflict do nothing", rows, page_size=5000
        )


def insert_tickers(place: Place, rows: list[Row]) -> None:
    """Rows of ticker, region, asset_type, delisting_date."""
    columns = "name, exchange, ticker, region, asset_type, delisting_date"
    insert(place, "tickers", columns, [(row[0], "X", *row) for row in rows])


def insert_prices(place: Place, rows: list[Row]) -> None:
    """Rows of ticker, region, date, close, volume, rsi_14."""
    columns = "timeframe, ticker, region, date, close, volume, rsi_14, open, high, low"
    insert(place, "ohlcv_data", columns, [("1d", *row, *[row[3]] * 3) for row in rows])


def insert_reports(place: Place, region: str, *rows: dict[str, object]) -> None:
    for row in rows:
        insert(place, "ticker_fundamentals", ", ".join(("region", *row)), [(region, *row.values())])


def generate(place: Place, region: str, stocks: int = 7) -> None:
    """A region of stocks that walk at random, halt, miss days and report all kinds of things at all times."""
    chance = random.Random(region)
    tickers = [f"{region}{number}" for number in range(stocks)]
    insert_tickers(place, [(ticker, region, "Stock", None) for ticker in tickers])
    prices: list[Row] = []
    reports: list[Row] = []
    for ticker in tickers:
        close = chance.uniform(10, 200)
        for day in weekdays(date(2024, 1, 1)):
            close *= chance.choice([1, chance.uniform(0.95, 1.06)])
            if chance.random() > 0.03:
                volume = chance.choice([0, 100, 100, 100, 100, 100, 100, 100])
                prices.append((ticker, region, day, close, volume, chance.uniform(-5, 105)))
        for number in range(12):
            day = date(2023, 8, 1) + timedelta(days=chance.randrange(600))
            amounts = [chance.choice([None, 0, chance.randrange(-500, 5000)]) for _ in range(5)]
            ratios = [chance.choice([None, 0.0, chance.uniform(-9, 40)]) for _ in range(5)]
            kind = chance.choice(["DAILY", "ANNUAL", "QUARTERLY"])
            reports.append((ticker, region, day, kind, chance.choice(SOURCES), f"{number}", *amounts, *ratios))
    insert_prices(place, prices)
    columns = (
        "ticker, region, date, period_type, data_source, fiscal_year, net_income, total_equity, total_liabilities, "
        "market_cap, shares_outstanding, per, pbr, dividend_yield, dividend_per_share, close_price"
    )
    insert(place, "ticker_fundamentals", columns, reports)


def recomputed(place: Place, region: str) -> dict[date, dict[tuple[str, str], Score]]:
    """What the scores of a region must be, by day."""
    with connected(place) as connection:
        prices, reports = reading.prices(connection, region), reading.reports(connection, region)
        trading = trading_days(reading.stocks_by_day(connection)[region])
        days = score_days(trading, SETTINGS.daily_days)
        with connection.cursor() as cursor:
            cursor.execute("select date from factors.scored_days where region = %s", (region,))
            scored = {day for (day,) in cursor}
        assert days <= scored <= set(trading)
    return {day: scores_of(day, prices, reports, SETTINGS) for day in scored}


def unlike(place: Place, region: str) -> list[tuple[object, ...]]:
    """The rows of factor_scores that are not what recomputation gives."""
    found: dict[date, dict[tuple[str, str], Score]] = {}
    sql = "select date, ticker, factor_name, raw_value, zscore, score, percentile from public.factor_scores"
    for day, ticker, name, *values in place.query(
        f"{sql} where region = %s and factor_name in %s", region, SETTINGS.names
    ):
        found.setdefault(day, {})[str(ticker), str(name)] = Score(*values)  # type: ignore[arg-type, call-overload]
    wanted = recomputed(place, region)
    return [
        (day, *one) for day in wanted.keys() | found for one in differences(wanted.get(day, {}), found.get(day, {}))
    ]


def versions(place: Place, where: str = "true") -> dict[Row, Row]:
    """Values and time of writing of each row of factor_scores, by its key."""
    columns = "ticker, region, factor_name, date, raw_value, zscore, score, percentile, created_at"
    return {row[:4]: row[4:] for row in place.query(f"select {columns} from public.factor_scores where {where}")}
