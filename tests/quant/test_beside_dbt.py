"""A build and the whole verdict after the package has written to every table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from quant import PostgresDatabaseManager
from tests.quant.worlds import World
from tests.support.verdict_ground import run

PLAIN = {
    "text": "x",
    "varchar": "x",
    "float8": 1.5,
    "int8": 3,
    "int4": 3,
    "bool": True,
    "jsonb": {"a": 1},
    "numeric": 2,
}
PLAIN |= {"date": date(2026, 1, 5), "timestamptz": datetime(2026, 1, 5, tzinfo=UTC)}
GIVEN: dict[str, Any] = {
    **dict.fromkeys(("ticker", "etf_ticker", "stock_ticker"), "QNT"),
    **dict.fromkeys(("region", "etf_region", "stock_region"), "US"),
    **dict.fromkeys(("listing_date", "inception_date"), date(2000, 1, 1)),
    **{"timeframe": "D", "percentile": 50.0, "transaction_type": "BUY", "data_source": "application"},
    **{"high": 2.0, "low": 1.0, "delisting_date": None},
}
PARENTS = ("tickers", "etfs", "strategies")


def row_for(db: PostgresDatabaseManager, table: str, strategy: int | None) -> dict[str, Any]:
    """A row with a value in every column that may be written."""
    known = db._table(table)
    columns = [one for one in known.columns.values() if not one.generated and one.name not in ("id", "source_rowid")]
    return {
        one.name: GIVEN.get(one.name, strategy if one.name == "strategy_id" else PLAIN[one.kind]) for one in columns
    }


def test_what_the_package_wrote_survives_and_the_verdict_holds(world: World, db: PostgresDatabaseManager) -> None:
    tables = [str(name) for (name,) in world.place.query("select tablename from pg_tables where schemaname = 'public'")]
    strategy = None
    for table in [*PARENTS, *(one for one in tables if one not in PARENTS)]:
        row = row_for(db, table, strategy)
        if table == "strategies":
            strategy = db.insert_strategy(row)
        else:
            assert db.bulk_insert(table, [row]) == 1, table
    days = pd.date_range(end="2026-01-04", periods=300)
    frame = pd.DataFrame({"date": days, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 10})
    assert db.insert_ohlcv_bulk("QNT", frame, region="US") == 300
    before = {table: db.execute_query(f"select count(*) as count from {table}") for table in tables}
    world.place.run("dbt", "build")
    assert {table: db.execute_query(f"select count(*) as count from {table}") for table in tables} == before
    stored = db.get_latest_ohlcv("QNT", region="US")
    assert stored
    assert (stored["date"], stored["close"]) == (date(2026, 1, 5), 1.5)
    months = db.get_ohlcv_monthly("QNT", "US")
    assert (len(months), months["trading_days"].sum()) == (11, 301)
    outcome = run(world.place, world.source)
    assert outcome.wrong == [], outcome.said
