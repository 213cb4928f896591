"""Writing rows: types, keys, regions, provenance, compressed chunks."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quant import (
    IntegrityError,
    InvalidValue,
    PostgresDatabaseManager,
    QuantError,
    QueryError,
    UnknownName,
    UnknownParent,
    UnknownRegion,
)
from quant.catalog import PROVENANCE
from tests.quant.worlds import World, longest
from tests.support.verdict_ground import PACK


@pytest.fixture
def ours(db: PostgresDatabaseManager) -> PostgresDatabaseManager:
    """A database with one ticker of an application's."""
    db.insert_ticker({"ticker": "QNT", "region": "US", "name": "Quant Inc.", "exchange": "NASDAQ"})
    return db


def prices(rows: int = 100, first: str = "2024-01-01") -> pd.DataFrame:
    days = pd.date_range(first, periods=rows)
    close = np.arange(rows) + 0.1
    return pd.DataFrame(
        {"date": days, "open": close, "high": close + 1, "low": close - 1, "close": close, "volume": np.arange(rows)}
    )


def test_prices_are_upserted_and_equal_rows_left_alone(ours: PostgresDatabaseManager) -> None:
    frame = prices()
    assert ours.insert_ohlcv_bulk("QNT", frame, region="US") == 100
    assert ours.insert_ohlcv_bulk("QNT", frame, "1d") == 0
    made = ours.get_latest_ohlcv("QNT")
    frame.loc[99, "close"] = 5.5
    assert ours.insert_ohlcv_bulk("QNT", frame.set_index("date")) == 1
    assert ours.insert_ohlcv_bulk("QNT", pd.DataFrame({"date": ["2024-04-09"], "ma5": [3.5]})) == 1
    last = ours.get_latest_ohlcv("QNT")
    assert made
    assert last
    assert (last["close"], last["ma5"], last["volume"]) == (5.5, 3.5, 99)
    assert last["created_at"] == made["created_at"]
    read = ours.get_ohlcv_data("QNT")
    assert read["date"].is_monotonic_increasing
    assert PROVENANCE not in read.columns
    assert ours.insert_ohlcv_bulk("QNT", prices(0)) == 0


def test_one_row_by_position(ours: PostgresDatabaseManager) -> None:
    assert ours.insert_ohlcv("QNT", "US", "D", "2024-01-31", 1.0, 2.0, 0.5, 1.5, 100) == 1
    assert ours.insert_ohlcv("QNT", "US", "1d", date(2024, 1, 31), 1.0, 2.0, 0.5, 1.5, 100) == 0
    assert ours.insert_ohlcv("QNT", "US", "W", "20240131", np.float64(1.0), 2, 0.5, 1.5, np.int64(100)) == 1
    assert ours.get_ohlcv_data("QNT", timeframe="W")["timeframe"].tolist() == ["1w"]
    assert len(ours.get_ohlcv_data("QNT")) == 1


@pytest.mark.parametrize(
    ("column", "values", "error", "words"),
    [
        ("date", ["2024-01-01", "yesterday"], InvalidValue, "ohlcv_data.date, row 1: .*'yesterday'.* no date"),
        ("date", ["2024-01-01", "2024/01/01"], InvalidValue, "same key twice: ticker QNT.*2024-01-01"),
        ("close", [1.0, "n/a"], InvalidValue, "ohlcv_data.close, row 1: 'n/a' is no number"),
        ("volume", [1.5, 2.0], InvalidValue, "ohlcv_data.volume, row 0: 1.5 is no whole number"),
        ("clos", [1.0, 2.0], UnknownName, "no column 'clos'. Did you mean 'close'"),
        ("source_rowid", [1, 2], UnknownName, "source_rowid"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_written(
    ours: PostgresDatabaseManager, column: str, values: list[Any], error: type[QuantError], words: str
) -> None:
    with pytest.raises(error, match=words):
        ours.insert_ohlcv_bulk("QNT", prices(2).assign(**{column: pd.Series(values, dtype="object")}))
    assert len(ours.get_ohlcv_data("QNT")) == 0


def test_names_that_are_not_there(ours: PostgresDatabaseManager) -> None:
    with pytest.raises(UnknownParent, match="NOBODY"):
        ours.insert_ohlcv_bulk("NOBODY", prices(60), region="US")
    with pytest.raises(UnknownName, match="Did you mean 'tickers'"):
        ours.bulk_insert("ticker", [{"ticker": "A"}])
    with pytest.raises(UnknownName, match="in public"):
        ours.bulk_insert("raw.tickers", [{"ticker": "A"}])
    with pytest.raises(InvalidValue, match="no date"):
        ours.insert_ohlcv_bulk("QNT", prices(2).drop(columns="date"))
    with pytest.raises(InvalidValue, match="update, nothing, error"):
        ours.bulk_insert("tickers", [], on_conflict="ignore")
    with pytest.raises(InvalidValue, match="lose their zeros"):
        ours.bulk_insert("tickers", [{"ticker": 5930, "region": "KR"}])


def test_null_empty_and_nan(ours: PostgresDatabaseManager) -> None:
    rows = [
        {"ticker": "QNT", "region": "US", "analysis_date": "2024-01-01", "signal": "", "total_score": float("nan")},
        {"ticker": "QNT", "region": "US", "analysis_date": "2024-01-02", "signal": None, "total_score": None},
        {"ticker": "QNT", "region": "US", "analysis_date": "2024-01-03", "signal": "NA", "total_score": pd.NA},
    ]
    many = [{**rows[0], "analysis_date": day.date()} for day in pd.date_range("2025-01-01", periods=60)]
    for given in (rows, pd.DataFrame([*rows, *many])):
        ours.bulk_insert("technical_analysis", given)
        found = ours.execute_query(
            "select signal, total_score from technical_analysis where ticker = 'QNT' and analysis_date < '2025-01-01'"
            " order by analysis_date"
        )
        assert [row["signal"] for row in found] == ["", None, "NA"]
        assert {row["total_score"] for row in found} == {None}


def test_a_volume_with_a_gap_and_days_with_a_zone(ours: PostgresDatabaseManager) -> None:
    frame = prices(60).astype({"volume": "float64"})
    frame["date"] = pd.date_range("2024-01-01 00:30", periods=60, tz="Asia/Seoul")
    assert ours.insert_ohlcv_bulk("QNT", frame) == 60
    read = ours.get_ohlcv_data("QNT")
    assert str(read["date"].iloc[0].date()) == "2024-01-01"
    assert read["volume"].tolist() == list(range(60))


def test_rows_with_other_columns_keep_what_they_do_not_name(ours: PostgresDatabaseManager) -> None:
    key = {"ticker": "QNT", "region": "US"}
    assert ours.insert_stock_details({**key, "sector": "IT", "industry": "software"}) == 1
    ours.bulk_insert("stock_details", [{**key, "par_value": 5}])
    found = ours.get_stock_details("QNT", "US")
    assert found
    assert (found["sector"], found["par_value"], found["is_spac"]) == ("IT", 5, False)
    assert ours.update_stock_details("QNT", "US", {"sector": None}) == 1
    with pytest.raises(InvalidValue, match="set once"):
        ours.update_stock_details("QNT", "US", {"region": "KR"})
    with pytest.raises(UnknownName, match="sectr"):
        ours.update_stock_details("QNT", "US", {"sectr": "x"})
    assert ours.delete_stock_details("QNT", "US") == 1


def test_conflicts(ours: PostgresDatabaseManager) -> None:
    row = {"ticker": "QNT", "region": "US", "factor_name": "m", "date": "2024-01-01", "score": 1.0}
    assert ours.bulk_insert("factor_scores", [row]) == 1
    assert ours.bulk_insert("factor_scores", [row | {"score": 2.0}], "nothing") == 0
    with pytest.raises(IntegrityError, match="QNT"):
        ours.bulk_insert("factor_scores", [row], "error")
    assert ours.insert_factor_scores(pd.DataFrame([row]).assign(score=3.0)) == 1
    assert [one["score"] for one in ours.get_factor_scores("m")] == [3.0]


def test_a_ticker_and_its_prices_in_one_transaction(db: PostgresDatabaseManager) -> None:
    def halfway() -> None:
        with db.transaction() as t:
            t.bulk_insert("tickers", [{"ticker": "NEW", "region": "US", "name": "New", "exchange": "NYSE"}], "error")
            t.insert_ohlcv_bulk("NEW", prices(60).assign(close="x"), region="US")

    with pytest.raises(InvalidValue):
        halfway()
    assert db.get_ticker("NEW", "US") is None
    with db.transaction() as t:
        t.insert_ticker({"ticker": "NEW", "region": "US", "exchange": "NYSE"})
        assert t.insert_ohlcv_bulk("NEW", prices(60), region="US") == 60
        assert len(t.get_ohlcv_data("NEW", region="US")) == 60
        assert t.execute_query("select count(*) as count from ohlcv_data where ticker = %s", ("NEW",))[0]["count"] == 60
    made = db.get_ticker("NEW", "US")
    assert made
    assert (made["currency"], made["is_active"], made["asset_type"]) == ("USD", True, "STOCK")


def test_what_came_from_the_source_keeps_its_provenance(db: PostgresDatabaseManager) -> None:
    ticker, region = longest(db)
    with pytest.raises(IntegrityError, match="came from the SQLite file"):
        db.delete_ticker(ticker, region)
    before = db.get_ohlcv_data(ticker, region=region, limit=70)
    rowid = "select source_rowid, close from ohlcv_data where (ticker, region, timeframe, date) = (%s, %s, '1d', %s)"
    key = (ticker, region, before["date"].iloc[-1].date())
    [was] = db.execute_query(rowid, key)
    changed = before[["date", "close"]].assign(close=before["close"] + 1)
    try:
        assert db.insert_ohlcv_bulk(ticker, changed, region=region) == 70
        [now] = db.execute_query(rowid, key)
        assert now == {"source_rowid": was["source_rowid"], "close": was["close"] + 1}
    finally:
        assert db.insert_ohlcv_bulk(ticker, before[["date", "close"]], region=region) == 70
    with pytest.raises(UnknownName):
        db.bulk_insert("ohlcv_data", [{PROVENANCE: None}])


def test_a_stub_becomes_an_applications(world: World, db: PostgresDatabaseManager) -> None:
    stub = db.execute_query("select ticker, region, name from tickers where data_source = 'inferred' limit 1")[0]
    try:
        assert db.insert_ticker({**stub, "name": "Known now", "exchange": "KOSPI"}) == 1
        filled = db.get_ticker(stub["ticker"], stub["region"])
        assert filled
        assert (filled["data_source"], filled["is_active"]) == ("application", True)
        assert filled["created_at"] is not None
        with pytest.raises(InvalidValue, match="inferred"):
            db.insert_ticker({**stub, "data_source": "inferred"})
    finally:
        world.place.query(
            "update public.tickers set data_source = 'inferred', is_active = false, name = ticker,"
            " exchange = null, last_updated = null, created_at = null, lot_size = null"
            " where data_source = 'application'"
        )


def test_compressed_chunks(world: World, db: PostgresDatabaseManager) -> None:
    packed = db.execute_query(
        "select range_start::date as first, range_end::date as last from timescaledb_information.chunks"
        " where hypertable_name = 'ohlcv_data' and is_compressed order by 1"
    )
    assert packed
    ticker, region = longest(db)
    before = db.get_ohlcv_data(ticker, end_date=packed[-1]["last"], region=region)
    spread = before.iloc[:: max(len(before) // 80, 1)][["date", "close"]]
    try:
        assert db.insert_ohlcv_bulk(ticker, spread.assign(close=spread["close"] + 1), region=region) == len(spread)
        assert db.insert_ohlcv_bulk(ticker, spread.assign(close=spread["close"] + 1), region=region) == 0
    finally:
        assert db.insert_ohlcv_bulk(ticker, spread, region=region) == len(spread)
        world.place.query(PACK)
    pd.testing.assert_frame_equal(db.get_ohlcv_data(ticker, end_date=packed[-1]["last"], region=region), before)


def test_a_transaction_in_which_a_statement_failed_is_told(ours: PostgresDatabaseManager) -> None:
    def careless() -> None:
        with ours.transaction() as t:
            t.update_ticker("QNT", "US", {"name": "Changed"})
            with suppress(QueryError):
                t.execute_update("update nowhere set x = 1")

    with pytest.raises(QueryError, match="all of it was rolled back"):
        careless()
    kept = ours.get_ticker("QNT", "US")
    assert kept
    assert kept["name"] == "Quant Inc."


def test_what_a_row_may_not_lack_is_kept_too(world: World, ours: PostgresDatabaseManager) -> None:
    ours.insert_ohlcv_bulk("QNT", prices(60), region="US")
    world.place.query("alter table public.ohlcv_data add check (volume is not null or ticker <> 'QNT')")
    try:
        assert ours.insert_ohlcv_bulk("QNT", prices(60)[["date"]].assign(ma20=1.5), region="US") == 60
        last = ours.get_latest_ohlcv("QNT", region="US")
        assert last
        assert (last["volume"], last["ma20"]) == (59, 1.5)
        with pytest.raises(IntegrityError):
            ours.insert_ohlcv_bulk("QNT", prices(1, "2023-01-01")[["date"]].assign(ma20=1.5), region="US")
    finally:
        world.place.query("alter table public.ohlcv_data drop constraint ohlcv_data_check")


def test_regions_that_are_not_clear(db: PostgresDatabaseManager) -> None:
    for region in ("VN", "US"):
        db.insert_ticker({"ticker": "HUTX", "region": region, "exchange": "X"})
    with pytest.raises(UnknownRegion, match="US and VN"):
        db.get_ohlcv_data("HUTX")
    with pytest.raises(UnknownRegion, match="HUTX"):
        db.insert_ohlcv_bulk("HUTX", prices(2))
    with pytest.raises(UnknownRegion, match="KR, US, JP, HK, CN, VN"):
        db.insert_ticker({"ticker": "HUTX", "region": "XX"})
    assert db.insert_ohlcv_bulk("HUTX", prices(2), region="vn") == 2
    assert db.insert_ticker({"ticker": "0005.HK9", "region": "HK", "exchange": "HKEX"}) == 1
    with pytest.raises(UnknownRegion, match="shape of none"):
        db.insert_ticker({"ticker": "lower case"})


def test_trades_and_positions(ours: PostgresDatabaseManager) -> None:
    trade = {"ticker": "QNT", "side": "BUY", "order_type": "LIMIT", "quantity": 5, "price": 2.0, "amount": 10.0}
    number = ours.insert_trade({**trade, "entry_timestamp": datetime(2024, 1, 5, tzinfo=UTC)})
    made = ours.get_trade_by_id(number)
    assert made
    assert (made["region"], made["trade_status"], made["fee"], made["exit_price"]) == ("US", "OPEN", 0.0, None)
    assert number in [one["id"] for one in ours.get_open_positions("US")]
    now = datetime.now(UTC)
    assert ours.update_trade_status(number, "CLOSED", exit_price=0, exit_timestamp=now) == 1
    closed = ours.get_closed_positions("US", days=1)[0]
    assert (closed["id"], closed["exit_price"], closed["exit_timestamp"]) == (number, 0.0, now)
    assert ours.delete_trade(number) == 1
    sourced = ours.execute_query("select id from trades where source_rowid is not null limit 1")[0]["id"]
    with pytest.raises(IntegrityError, match="came from the SQLite file"):
        ours.delete_trade(sourced)


def test_the_other_tables_are_upserted_by_their_keys(ours: PostgresDatabaseManager) -> None:
    fund = {"ticker": "QNT", "date": "2024-01-05", "period_type": "DAILY", "per": -3.5}
    assert ours.insert_fundamentals(fund) == 1
    ours.insert_fundamentals({**fund, "per": 12.25, "pbr": 1.0})
    read = ours.get_fundamentals(ticker="QNT", start_date="2024-01-01", end_date="2024-12-31", region="US")
    assert read[["per", "pbr"]].to_numpy().tolist() == [[12.25, 1.0]]
    assert ours.update_fundamentals("QNT", "US", "2024-01-05", "DAILY", {"per": 1.5}) == 1
    latest = ours.get_latest_fundamentals("QNT", "US")
    assert latest
    assert latest["per"] == 1.5
    analysis = {"ticker": "QNT", "region": "US", "analysis_date": "2024-01-05"}
    assert ours.insert_technical_analysis({**analysis, "stage": 2, "signal": "BUY"}) == 1
    assert ours.update_technical_scores("QNT", "US", "2024-01-05", {"total_score": 77.5}) == 1
    analysed = ours.get_technical_analysis("QNT", "US")
    assert analysed
    assert (analysed["stage"], analysed["total_score"]) == (2, 77.5)
    assert ours.insert_market_sentiment({"date": "2031-01-05", "vix": 20.0}) == 1
    sentiment = ours.get_latest_market_sentiment()
    assert sentiment
    assert sentiment["vix"] == 20.0
    index = {"date": "2031-01-05", "symbol": "^Q", "index_name": "Q", "region": "ASIA", "close_price": 1.0}
    assert ours.insert_global_index({**index, "change_percent": 0.5}) == 1
    assert [one["symbol"] for one in ours.get_global_indices()] == ["^Q"]
    rate = {"currency": "QQQ", "rate": 1300.5, "rate_date": "2024-01-05", "timestamp": "2024-01-05T09:00:00+09:00"}
    assert ours.insert_exchange_rate(rate) == 1
    assert ours.insert_exchange_rate({**rate, "rate": 1301.0}) == 1
    found = ours.get_latest_exchange_rate("QQQ")
    assert found
    assert (found["rate"], found["timestamp"]) == (1301.0, datetime(2024, 1, 5, tzinfo=UTC))
    assert ours.insert_etf_details({"ticker": "QNT", "tracking_index": "Q", "expense_ratio": 0.123}) == 1
    assert ours.update_etf_aum("QNT", "US", 10**12) == 1
    ours.bulk_insert("etfs", [{"ticker": "QNT", "region": "US", "name": "Quant"}])
    assert ours.insert_etf_holdings("QNT", "QNT", "US", 12.5, "2024-01-05", shares=3) == 1
    assert [one["weight"] for one in ours.get_etf_holdings("QNT", "US")] == [12.5]
    assert [one["name"] for one in ours.get_stocks_in_etf("QNT", "US")] == ["Quant Inc."]
    assert [one["etf_ticker"] for one in ours.get_etfs_holding_stock("QNT", "US", 10)] == ["QNT"]
    held = {"ticker": "QNT", "region": "US", "quantity": 1, "avg_price": 2.0, "entry_date": "2024-01-05"}
    assert ours.bulk_insert("portfolio", [held]) == 1
    assert ours.update_portfolio_position("QNT", "US", {"market_value": 3.0, "unrealized_pnl": 1.0}) == 1
    with pytest.raises(IntegrityError, match="still referenced"):
        ours.delete_ticker("QNT", "US")
