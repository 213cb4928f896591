"""The same calls on PostgreSQL and on the SQLite file give the same answers."""

# ruff: noqa: ARG005

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pandas as pd
import pytest

from quant import PostgresDatabaseManager, QuantError, ReadOnly, SQLiteDatabaseManager
from quant.views import KEYS
from tests.quant.worlds import World, longest

Manager = PostgresDatabaseManager | SQLiteDatabaseManager
Call = Callable[[Any, str, str], Any]

CALLS: dict[str, Call] = {
    "history": lambda db, t, r: db.get_ohlcv_data(t, region=r),
    "history without a region": lambda db, t, r: db.get_ohlcv_data(t, "2023-01-01", "20231231"),
    "history by keyword": lambda db, t, r: db.get_ohlcv_data(
        ticker=t, start_date="2023-01-01", end_date="2024-12-31", timeframe="1d", region=r
    ),
    "history as of": lambda db, t, r: db.get_ohlcv_data(
        t, region=r, as_of="2023-06-01", end_date="2025-01-01", limit=7
    ),
    "weeks": lambda db, t, r: db.get_ohlcv_data(t, timeframe="W", region=r),
    "no history": lambda db, t, r: db.get_ohlcv_data("NOBODY", region="US"),
    "no region": lambda db, t, r: db.get_ohlcv_data("no such shape"),
    "a region that is none": lambda db, t, r: db.get_ohlcv_data(t, region="XX"),
    "a day that is none": lambda db, t, r: db.get_ohlcv_data(t, start_date="2023-02-30", region=r),
    "latest": lambda db, t, r: db.get_latest_ohlcv(t, region=r),
    "latest as of": lambda db, t, r: db.get_latest_ohlcv(t, region=r, as_of="2023-01-01"),
    "latest of nobody": lambda db, t, r: db.get_latest_ohlcv("NOBODY", region="US"),
    "panel": lambda db, t, r: db.get_ohlcv_panel([t, "NOBODY"], r, start_date="2023-01-01"),
    "panel of volumes": lambda db, t, r: db.get_ohlcv_panel([t], r, column="volume"),
    "panel of nothing": lambda db, t, r: db.get_ohlcv_panel([], r),
    "panel of texts": lambda db, t, r: db.get_ohlcv_panel([t], r, column="timeframe"),
    "panel of nonsense": lambda db, t, r: db.get_ohlcv_panel([t], r, column="clos"),
    "months": lambda db, t, r: db.get_ohlcv_monthly(t, r),
    "quarters": lambda db, t, r: db.get_ohlcv_quarterly(t, r),
    "years": lambda db, t, r: db.get_ohlcv_yearly(t),
    "months of nobody": lambda db, t, r: db.get_ohlcv_monthly("NOBODY", "US"),
    "ticker": lambda db, t, r: db.get_ticker(t, r),
    "no ticker": lambda db, t, r: db.get_ticker("NOBODY", r),
    "tickers": lambda db, t, r: db.get_tickers(r),
    "all tickers": lambda db, t, r: db.get_tickers("VN", is_active=None),
    "funds": lambda db, t, r: db.get_tickers("KR", asset_type="ETF", limit=3),
    "count": lambda db, t, r: (db.count_tickers(), db.count_tickers("US"), db.count_tickers(asset_type="ETF")),
    "trades": lambda db, t, r: db.get_trades(),
    "trades of one": lambda db, t, r: db.get_trades(t, r, "OPEN", 5),
    "open positions": lambda db, t, r: db.get_open_positions(),
    "closed positions": lambda db, t, r: db.get_closed_positions(days=10_000),
    "portfolio": lambda db, t, r: (db.get_portfolio(), db.get_portfolio_value(), db.get_portfolio_pnl("KR")),
    "size": lambda db, t, r: db.calculate_position_size(t, r, 100.0, 1_000_000, 2.0),
    "analysis": lambda db, t, r: db.get_technical_analysis(t, r),
    "fundamentals": lambda db, t, r: db.get_fundamentals(t, r, None),
    "latest fundamentals": lambda db, t, r: db.get_latest_fundamentals(t, r, None, as_of="2024-12-31"),
    "sentiment": lambda db, t, r: db.get_latest_market_sentiment(),
    "indices": lambda db, t, r: (db.get_global_indices(), db.get_global_indices(symbol="^GSPC")),
    "rates": lambda db, t, r: db.get_latest_exchange_rate("USD"),
    "strategies": lambda db, t, r: (db.get_strategies(), db.get_strategy(1), db.get_factor_scores("momentum")),
    "a limit that is none": lambda db, t, r: db.get_strategies(limit="all"),
    "any": lambda db, t, r: db.execute_query(
        "select count(*) as count from tickers where ticker = any(%s)", ([t, "X"],)
    ),
    "in": lambda db, t, r: db.execute_query("select name from tickers where ticker in %s and region = %s", ((t,), r)),
    "named": lambda db, t, r: db.execute_query(
        "select max(date) as date from public.ohlcv_data where ticker = %(t)s and date < %(d)s::date",
        {"t": t, "d": "2024-01-01"},
    ),
    "like": lambda db, t, r: db.execute_query("select count(*) as count from tickers where ticker like '0%'"),
    "frame": lambda db, t, r: db.query_frame(
        "select ticker, date, close, volume from ohlcv_data where ticker = %s", ("X",)
    ),
}


def answer(call: Call, db: Manager, ticker: str, region: str) -> Any:
    try:
        return call(db, ticker, region)
    except QuantError as error:
        return type(error), str(error)


@pytest.mark.parametrize("name", CALLS)
def test_both_managers_answer_alike(world: World, twin: SQLiteDatabaseManager, name: str) -> None:
    with world.manager() as db:
        ticker, region = longest(db)
        wanted = answer(CALLS[name], db, ticker, region)
    found = answer(CALLS[name], twin, ticker, region)
    if isinstance(wanted, pd.DataFrame):
        pd.testing.assert_frame_equal(found, wanted)
    else:
        assert found == wanted


@pytest.mark.parametrize("table", KEYS)
def test_every_row_of_the_file_is_the_same_in_the_database(
    world: World, twin: SQLiteDatabaseManager, table: str
) -> None:
    with world.manager() as db:
        columns = ", ".join(f'"{name}"' for name in db._table(table).shown)
        query = f"select {columns} from {table} order by {', '.join(KEYS[table])}"
        assert twin.execute_query(query) == db.execute_query(query)


def test_the_twin_writes_nothing_and_makes_no_file(world: World, twin: SQLiteDatabaseManager) -> None:
    before = sorted(path.name for path in world.source.parent.iterdir())
    for write in (
        lambda: twin.insert_ticker({"ticker": "AAPL", "region": "US"}),
        lambda: twin.update_ticker("AAPL", "US", {"name": "x"}),
        lambda: twin.delete_ticker("AAPL", "US"),
        lambda: twin.execute_update("delete from tickers"),
        lambda: twin.execute_query("delete from main.tickers"),
        lambda: twin.insert_strategy({"name": "x"}),
        lambda: twin.bulk_insert("tickers", []),
    ):
        with pytest.raises(ReadOnly, match="only read"):
            write()
    with closing(twin._get_connection()) as raw:
        assert raw.execute("select ticker from tickers where ticker = ?", ("005930",)).fetchone()["ticker"] == "005930"
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            raw.execute("delete from tickers")
    with pytest.raises(QuantError, match="cannot be read"):
        SQLiteDatabaseManager(world.source.with_name("none.db"))
    assert sorted(path.name for path in world.source.parent.iterdir()) == before
