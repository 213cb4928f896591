"""What the generator planted stands in the database as its manifest says, nothing more and nothing less."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sample.build import generate, manifest_path
from sample.options import Options
from sample.progress import Progress

QUIET = Progress(quiet=True)
Manifest = dict[str, Any]

# The days of these columns come in several shapes.
DATE_SHAPES = {
    "slash": "????/??/??",
    "compact": "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]",
    "iso_t_time": "????-??-??T00:00:00",
    "iso_time": "????-??-?? 00:00:00",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[sqlite3.Connection, Manifest]]:
    path = tmp_path_factory.mktemp("real") / "real.db"
    generate(Options(rows=40_000), path, QUIET)
    with closing(sqlite3.connect(path)) as connection:
        yield connection, json.loads(manifest_path(path).read_text("utf-8"))


def column(connection: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query)]


def test_every_kind_of_the_real_dirt_is_planted(made: tuple[sqlite3.Connection, Manifest]) -> None:
    assert set(made[1]["dirt"]) == {
        "atr_14_null", "colliding_codes", "created_at_utc", "date_compact", "date_iso_t_time",
        "date_iso_time", "date_slash",
        "drift_columns", "empty_strings", "expense_ratio_decimals", "fx_two_a_day", "negative_per_and_pbr",
        "null_region",
        "orphans", "per_above_1000", "zero_volume",
    }  # fmt: skip


def test_rows_without_a_region_are_the_ones_told(made: tuple[sqlite3.Connection, Manifest]) -> None:
    connection, told = made
    for table, rowids in told["dirt"]["null_region"].items():
        assert column(connection, f"select rowid from {table} where region is null order by 1") == rowids
    assert set(told["dirt"]["null_region"]) == {"ohlcv_data", "stock_details"}


@pytest.mark.parametrize("shape", sorted(DATE_SHAPES))
def test_dates_of_another_shape_are_the_ones_told(made: tuple[sqlite3.Connection, Manifest], shape: str) -> None:
    connection, told = made
    places = told["dirt"][f"date_{shape}"]
    assert "ohlcv_data.date" in places
    columns = {place for kind in DATE_SHAPES for place in told["dirt"][f"date_{kind}"]}
    for place in columns:
        table, name = place.split(".")
        found = column(connection, f"select rowid from {table} where {name} glob '{DATE_SHAPES[shape]}' order by 1")
        assert found == places.get(place, []), place


def test_orphans_are_the_ones_told(made: tuple[sqlite3.Connection, Manifest]) -> None:
    connection, told = made
    orphans = told["dirt"]["orphans"]
    for table in (
        "stock_details",
        "etfs",
        "etf_details",
        "ticker_fundamentals",
        "technical_analysis",
        "portfolio",
    ):
        query = f"select distinct ticker from {table} where ticker not in (select ticker from tickers) order by 1"
        assert column(connection, query) == sorted(orphans.get(table, [])), table
    missing = """
        select distinct ticker from ohlcv_data as o
        where not exists (
            select 1 from tickers as t
            where t.ticker = o.ticker and t.region = coalesce(o.region, t.region)
        )
        order by 1
    """
    assert column(connection, missing) == orphans["ohlcv_data"]
    for name, parent in (("stock_ticker", "tickers"), ("etf_ticker", "etfs")):
        query = f"select id from etf_holdings where {name} not in (select ticker from {parent}) order by 1"
        assert column(connection, query) == orphans[f"etf_holdings.{name}"]


def test_stubs_are_what_the_children_need(made: tuple[sqlite3.Connection, Manifest]) -> None:
    connection, told = made
    stubs = told["expected"]["stubs"]
    missing = set(
        connection.execute("""
            with children as (
                select ticker, region from ohlcv_data where region is not null
                union select ticker, region from stock_details where region is not null
                union select ticker, region from etfs
            )
            select ticker, region from children
            except select ticker, region from tickers
        """)
    )
    bare = {
        ticker
        for query in (
            "select ticker from stock_details", "select ticker from etf_details",
            "select ticker from portfolio",
            "select ticker from ticker_fundamentals", "select ticker from technical_analysis",
            "select stock_ticker from etf_holdings", "select etf_ticker from etf_holdings",
        )
        for ticker in column(connection, f"{query} except select ticker from tickers")
    }  # fmt: skip
    assert missing <= {tuple(key) for key in stubs["tickers"]["keys"]}
    assert {ticker for ticker, _ in stubs["tickers"]["keys"]} == bare | {ticker for ticker, _ in missing}
    assert stubs["tickers"]["count"] == len(stubs["tickers"]["keys"]) == sum(stubs["tickers"]["by_region"].values())
    assert sorted(ticker for ticker, _ in stubs["etfs"]["keys"]) == column(
        connection,
        "select etf_ticker from etf_holdings except select ticker from etfs order by 1",
    )
    assert stubs["etfs"]["count"] > 0


def test_the_region_of_a_stub_is_told_by_its_shape_unless_a_row_says_it(
    made: tuple[sqlite3.Connection, Manifest],
) -> None:
    shapes = {"KR": 6, "JP": 4}
    for ticker, region in made[1]["expected"]["stubs"]["tickers"]["keys"]:
        if region in shapes:
            assert len(ticker) == shapes[region]
            assert "." not in ticker
        elif region == "VN":
            assert ticker in made[1]["dirt"]["colliding_codes"]["ohlcv_data"]
        else:
            assert ticker.endswith({"HK": (".HK",), "CN": (".SS", ".SZ")}[region])


def test_shadow_rows_repeat_a_row_that_has_its_region(made: tuple[sqlite3.Connection, Manifest]) -> None:
    connection, told = made
    found = connection.execute("""
        select s.rowid, w.rowid, s.ticker, w.region, s.volume, w.volume
        from ohlcv_data as s join ohlcv_data as w using (ticker, timeframe, date)
        where s.region is null and w.region is not null order by 1
    """).fetchall()
    names = ("rowid", "winner_rowid", "ticker", "region", "volume", "winner_volume")
    assert found == [tuple(one[name] for name in names) for one in told["expected"]["shadow_losers"]]
    assert found
    assert all(loser != winner for *_, loser, winner in found)
    assert told["expected"]["quarantined"] == {"ohlcv_data": [{"rowid": row[0], "reason": "shadow"} for row in found]}


def test_counts_of_the_small_dirt_are_the_ones_told(made: tuple[sqlite3.Connection, Manifest]) -> None:
    connection, told = made
    dirt = told["dirt"]
    for place, count in dirt["empty_strings"].items():
        table, name = place.split(".")
        assert column(connection, f"select count(*) from {table} where {name} = ''") == [count]
    for place, count in dirt["created_at_utc"].items():
        table, name = place.split(".")
        assert column(connection, f"select count(*) from {table} where {name} glob '????-??-?? ??:??:??'") == [count], (
            place
        )
    assert column(connection, "select count(*) from ohlcv_data where volume = 0") == list(dirt["zero_volume"].values())
    assert column(connection, "select count(*) from ohlcv_data where atr_14 is null") == list(
        dirt["atr_14_null"].values()
    )
    fundamentals = "select id from ticker_fundamentals where"
    assert column(connection, f"{fundamentals} per > 1000") == dirt["per_above_1000"]["ticker_fundamentals.per"]
    assert (
        column(connection, f"{fundamentals} pbr < 0 and per < 0") == dirt["negative_per_and_pbr"]["ticker_fundamentals"]
    )
    days = "select currency, substr(timestamp, 1, 10) from exchange_rate_history"
    twice = f"{days} group by 1, 2 having count(*) > 1"
    assert sorted(map(list, connection.execute(twice))) == sorted(dirt["fx_two_a_day"]["exchange_rate_history"])
    for table, (name,) in dirt["drift_columns"].items():
        assert column(connection, f"select count({name}) > 0 from {table}") == [1]


def test_korean_rows_have_the_moment_of_sqlite_and_the_others_that_of_seoul(
    made: tuple[sqlite3.Connection, Manifest],
) -> None:
    connection, told = made
    shapes = dict(
        connection.execute("""
            select created_at glob '????-??-?? ??:??:??', group_concat(distinct region)
            from ohlcv_data where region is not null group by 1
        """)
    )
    assert {utc: set(regions.split(",")) for utc, regions in shapes.items()} == {
        1: {"KR"},
        0: {"US", "JP", "HK", "CN", "VN"},
    }
    assert told["dirt"]["created_at_utc"]["ohlcv_data.created_at"] == told["ohlcv"]["rows_by_resolved_region"]["KR"]


def test_a_code_can_be_american_and_vietnamese_with_prices_in_both(
    made: tuple[sqlite3.Connection, Manifest],
) -> None:
    both = column(
        made[0],
        "select ticker from ohlcv_data where region = 'US' intersect select ticker from ohlcv_data where region = 'VN'",
    )
    assert "ACB" in both
    assert set(both) <= set(made[1]["dirt"]["colliding_codes"]["ohlcv_data"])


def test_strange_tickers_are_text_as_they_are(made: tuple[sqlite3.Connection, Manifest]) -> None:
    names = set(column(made[0], "select ticker from tickers"))
    assert {
        "005930",
        "33626L",
        "0001A0",
        "00088K",
        "130A",
        "0700.HK",
        "600519.SS",
        "1.SZ",
        "ABR/D",
        "NA",
        "TRUE",
    } <= names
    assert {"NA", "TRUE"} <= set(column(made[0], "select ticker from ohlcv_data where region = 'US'"))


def test_the_summary_of_the_prices_is_true(made: tuple[sqlite3.Connection, Manifest]) -> None:
    connection, told = made
    summary = told["ohlcv"]
    assert (
        dict(connection.execute("select timeframe, count(*) from ohlcv_data group by 1"))
        == summary["rows_by_timeframe"]
    )
    stored = dict(connection.execute("select coalesce(region, ''), count(*) from ohlcv_data group by 1"))
    assert stored == summary["rows_by_stored_region"]
    for name, nulls in summary["nulls_by_column"].items():
        expected = nulls if name != "atr_14" else told["dirt"]["atr_14_null"]["ohlcv_data.atr_14"]
        assert column(connection, f"select count(*) from ohlcv_data where {name} is null") == [expected], name
    rows = {
        (ticker, region): count
        for region, tickers in summary["rows_by_ticker"].items()
        for ticker, count in tickers.items()
    }
    counted = {
        (ticker, region): count
        for ticker, region, count in connection.execute(
            "select ticker, coalesce(region, "
            "(select max(b.region) from ohlcv_data as b where b.ticker = a.ticker)), "
            "count(*) from ohlcv_data as a group by 1, 2"
        )
    }
    assert counted == rows


def test_the_monthly_oracle_follows_from_the_daily_rows(made: tuple[sqlite3.Connection, Manifest]) -> None:
    connection, told = made
    assert len(told["monthly"]) == 6
    assert len(told["monthly"]["005930/KR"]) == 12
    for key, months in told["monthly"].items():
        ticker, region = key.rsplit("/", 1)
        for month in months:
            # Other shapes of a date begin with the same digits once their separators are gone.
            bars = connection.execute(
                """
                select open, high, low, close, volume, ma5, ma20, rsi_14 from ohlcv_data as a
                where ticker = ? and timeframe = 'D'
                    and substr(replace(replace(date, '/', ''), '-', ''), 1, 6) = ?
                    and (region = ? or region is null and not exists (
                        select 1 from ohlcv_data as b
                        where b.ticker = a.ticker and b.timeframe = 'D' and b.date = a.date
                            and b.region is not null
                    ))
                order by replace(replace(date, '/', ''), '-', '')
                """,
                (ticker, month["month"][:7].replace("-", ""), region),
            ).fetchall()
            assert month == {
                "month": month["month"], "open": bars[0][0],
                "high": max(bar[1] for bar in bars), "low": min(bar[2] for bar in bars),
                "close": bars[-1][3], "volume": sum(bar[4] for bar in bars), "trading_days": len(bars),
                "ma5_start": bars[0][5], "ma20_end": bars[-1][6], "rsi_14_end": bars[-1][7],
            }  # fmt: skip


CLASSES = {
    "text in REAL": "typeof({0}) = 'text'",
    "text in INTEGER": "typeof({0}) = 'text'",
    "blob in REAL": "typeof({0}) = 'blob'",
    "blob in TEXT": "typeof({0}) = 'blob'",
    "real in INTEGER": "typeof({0}) = 'real'",
    "NUL in TEXT": "instr(cast({0} as blob), x'00') > 0 and typeof({0}) = 'text'",
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rows", [5_000, 20_000])
def test_hostile_values_are_where_the_manifest_rejects_them(tmp_path: Path, rows: int, seed: int) -> None:
    path = tmp_path / "hostile.db"
    told = generate(Options(rows=rows, seed=seed, dirt="hostile"), path, QUIET)
    rejected = told["expected"]["rejected"]
    assert len({(one["table"], one["rowid"]) for one in rejected}) == len(rejected) == 14
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        assert connection.execute("pragma integrity_check").fetchone()[0] == b"ok"
        for one in rejected:
            query = f"select {one['column']} from {one['table']} where rowid = {one['rowid']}"
            if one["kind"] == "invalid UTF-8":
                with pytest.raises(UnicodeDecodeError):
                    connection.execute(query).fetchone()[0].decode()
            else:
                assert connection.execute(f"{query} and {CLASSES[one['kind']].format(one['column'])}").fetchone(), one
        real_in_integer = "select id from ohlcv_data where typeof(volume) <> 'integer' or typeof(close) <> 'real'"
        rows_told = {one["rowid"] for one in rejected if one["column"] in ("volume", "close")}
        assert {row[0] for row in connection.execute(real_in_integer)} == rows_told


def test_hostile_rows_that_no_key_can_hold_are_told(tmp_path: Path) -> None:
    path = tmp_path / "hostile.db"
    told = generate(Options(rows=20_000, dirt="hostile"), path, QUIET)
    with closing(sqlite3.connect(path)) as connection:
        by_reason: dict[str, set[Any]] = {}
        for one in told["expected"]["quarantined"]["ohlcv_data"]:
            (value,) = connection.execute(
                "select date || '|' || ticker from ohlcv_data where id = ?", (one["rowid"],)
            ).fetchone()
            by_reason.setdefault(one["reason"], set()).add(value)
        assert {value.split("|")[0] for value in by_reason["unreadable date"]} == {
            "2024-13-45", "2023-02-29", "어제", "", "0000-00-00", "20240230",
        }  # fmt: skip
        assert all(value.endswith("|") for value in by_reason["empty ticker"])
        (twins,) = told["expected"]["quarantined_one_of"]
        first, second = connection.execute(
            f"select ticker, date, region from ohlcv_data where id in {tuple(twins['rowids'])}"
        ).fetchall()
        assert first == second
        assert first[2] is None
        for table, (rowid,) in told["dirt"]["far_rowids"].items():
            assert connection.execute(f"select count(*) from {table} where id = ?", (rowid,)).fetchone() == (1,)
        kinds = dict(
            connection.execute(
                "select name, type from sqlite_master where name in ('settings', 'latest_prices', 'no_key')"
            )
        )
        assert kinds == {"settings": "table", "latest_prices": "view", "no_key": "table"}
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            connection.execute("select rowid from settings")
