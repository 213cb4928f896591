"""Rowids that another row gets, keys that no index holds, views of others: each test goes on from the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dbt_ground import STAMP, quarantine, step
from tests.support.places import Place
from tests.support.sources import write

pytestmark = pytest.mark.story

NO_ROWID = -(2**63)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """Tables whose rowid is no key: with a primary key, with a UNIQUE, without rowid, without any key."""
    return write(
        tmp_path_factory.mktemp("source") / f"{place.target.name}.db",
        "create table tickers (ticker text primary key, name text, region text, is_active boolean)",
        "create table portfolio (ticker text primary key, quantity integer)",
        "create table etfs (ticker text, name text, region text, unique (ticker))",
        "create table stock_details (ticker text primary key, sector text, region text) without rowid",
        "create table market_sentiment (date text, vix)",  # a column of REAL keeps no -0.0
        *(f"insert into tickers values ('{ticker}', 'x', 'US', 1)" for ticker in ("A", "B", "C", "D")),
        *(f"insert into portfolio values ('{ticker}', {number})" for number, ticker in enumerate("ABCD", 1)),
        *(f"insert into etfs values ('{ticker}', 'fund', 'US')" for ticker in ("E", "F", "G")),
        *(f"insert into stock_details values ('{ticker}', 'IT', 'US')" for ticker in ("A", "B", "C")),
        *(f"insert into market_sentiment values ('2024-01-0{day}', {day}.5)" for day in range(1, 5)),
    )


def rowids(place: Place, table: str, key: str = "ticker") -> dict[str, int | None]:
    """source_rowid by key."""
    return {str(name): rowid for name, rowid in place.query(f"select {key}, source_rowid from {table}")}  # type: ignore[misc]


def kept(place: Place, table: str) -> int:
    """Kept rows, after a look that nothing is lost."""
    [(rows, difference)] = place.query(
        "select kept_rows, difference from audit.conservation where table_name = %s", table
    )
    assert difference == 0
    assert isinstance(rows, int)
    return rows


def test_a_deleted_row_is_kept_when_another_one_gets_its_rowid(place: Place, path: Path) -> None:
    step(place, path)
    step(
        place,
        path,
        "delete from portfolio where ticker in ('B', 'D')",
        "insert into portfolio values ('Z', 9)",
        "delete from etfs where ticker = 'G'",
        "insert into etfs values ('H', 'fund', 'US')",
        "delete from stock_details where ticker = 'A'",
    )
    assert rowids(place, "portfolio") == {"A": 1, "B": 2, "C": 3, "D": NO_ROWID, "Z": 4}
    assert rowids(place, "etfs") == {"E": 1, "F": 2, "G": NO_ROWID, "H": 3}
    assert rowids(place, "stock_details") == {"A": NO_ROWID, "B": 1, "C": 2}
    assert [kept(place, table) for table in ("portfolio", "etfs", "stock_details")] == [2, 1, 1]


def test_a_table_that_is_numbered_anew_loses_nothing(place: Place, path: Path) -> None:
    write(path, "delete from etfs where ticker = 'E'", "delete from market_sentiment where date = '2024-01-02'")
    for table in ("portfolio", "etfs", "market_sentiment"):  # as VACUUM may do
        write(path, f"create table copy as select * from {table} order by rowid", f"delete from {table}")
        write(path, f"insert into {table} select * from copy order by rowid", "drop table copy")
    step(place, path, build=("run",))
    assert rowids(place, "portfolio") == {"A": 1, "B": NO_ROWID, "C": 2, "D": NO_ROWID, "Z": 3}
    assert rowids(place, "etfs") == {"E": NO_ROWID, "F": 1, "G": NO_ROWID, "H": 2}
    assert rowids(place, "market_sentiment", "extract(day from date)::integer") == {
        "1": 1,
        "2": NO_ROWID,
        "3": 2,
        "4": 3,
    }
    assert [kept(place, table) for table in ("portfolio", "etfs", "market_sentiment")] == [2, 2, 1]


def test_a_full_refresh_comes_to_the_same(place: Place, path: Path) -> None:
    before = {table: rowids(place, table) for table in ("portfolio", "etfs", "stock_details")}
    step(place, path, build=("run", "--full-refresh"))
    assert {table: rowids(place, table) for table in before} == before


def test_a_row_of_the_same_key_in_the_source_moves_and_one_that_returns_is_no_longer_kept(
    place: Place, path: Path
) -> None:
    step(
        place,
        path,
        "update tickers set region = 'VN' where ticker = 'A'",
        "insert or replace into etfs values ('F', 'fund', 'VN')",
        "insert into portfolio values ('B', 7)",
        build=("run",),
    )
    assert place.query("select region from portfolio where ticker = 'A'") == [("VN",)]
    assert place.query("select region from etfs where ticker = 'F'") == [("VN",)]
    assert rowids(place, "portfolio")["B"] == 4
    assert kept(place, "portfolio") == 1


def test_a_full_refresh_alone_keeps_them_too(place: Place, path: Path) -> None:
    step(
        place,
        path,
        "delete from portfolio where ticker = 'B'",
        "insert into portfolio values ('Y', 8)",
        build=("run", "--full-refresh"),
    )
    assert rowids(place, "portfolio") == {"A": 1, "B": NO_ROWID, "C": 2, "D": NO_ROWID, "Y": 4, "Z": 3}


def test_the_verdict_knows_them(place: Place, path: Path) -> None:
    place.run(
        "great_expectations", "checkpoint", "run", "phase1", "--no-report", "--only", "values", SPOCK_SQLITE=str(path)
    )


def test_remove_deleted_removes_them_and_no_other(place: Place, path: Path) -> None:
    step(place, path, build=("run", "--vars", "{remove_deleted: true}"))
    assert rowids(place, "portfolio") == {"A": 1, "C": 2, "Y": 4, "Z": 3}
    assert set(rowids(place, "etfs")) == {"F", "H"}
    step(
        place,
        path,
        "delete from portfolio where ticker = 'Y'",
        "insert into portfolio values ('W', 5)",
        build=("run", "--vars", "{remove_deleted: true}"),
    )
    assert rowids(place, "portfolio") == {"A": 1, "C": 2, "W": 4, "Z": 3}


def test_a_zero_that_becomes_a_negative_one_alone_is_written(place: Place, path: Path) -> None:
    step(place, path, "update market_sentiment set vix = 0.0 where date = '2024-01-04'", build=("run",))
    step(place, path, ("update market_sentiment set vix = ? where date = '2024-01-04'", [-0.0]), build=("run",))
    assert place.query("select vix::text from market_sentiment where date = '2024-01-04'") == [("-0",)]


def test_a_quarantined_row_that_the_source_deletes_leaves_with_an_ordinary_build(place: Place, path: Path) -> None:
    step(
        place,
        path,
        "insert into tickers values ('Q', 'x', 'US', 0.5)",
        "insert into tickers values ('R', 'x', 'US', 2)",
    )
    said = [reason for (table, _), reason in quarantine(place).items() if table == "tickers"]
    assert said == ["is_active does not hold a boolean"] * 2
    step(place, path, "delete from tickers where ticker = 'Q'", build=("run",))
    assert [key for key in quarantine(place) if key[0] == "tickers"] != []
    assert place.query("select key ->> 'ticker' from audit.quarantine where table_name = 'tickers'") == [("R",)]
    assert kept(place, "tickers") == 0


@pytest.mark.parametrize("build", [("run",), ("run", "--full-refresh")])
def test_a_key_that_no_index_holds_is_quarantined_and_leaves_it_once_mended(
    place: Place, path: Path, build: tuple[str, ...]
) -> None:
    page = "".join(chr(0xAC00 + (n * n * 7919 + n) % 11171) for n in range(6000))
    made = "create table if not exists {} (id integer primary key, {} text, timestamp text, rate_date text, date text)"
    step(
        place,
        path,
        made.format("exchange_rate_history", "currency"),
        made.format("global_market_indices", "symbol"),
        "delete from exchange_rate_history",
        "delete from global_market_indices",
        ("insert into exchange_rate_history values (1, 'USD', ?1, ?1, null), (2, ?2, ?1, ?1, null)", [STAMP, page]),
        ("insert into global_market_indices values (1, ?2, null, null, ?1), (2, 'DJI', null, null, ?1)", [STAMP, page]),
        ("insert into tickers values (?, 'long', 'US', 1)", [page]),
        build=build,
    )
    reasons = quarantine(place)
    sentence = "the key of {} is too long for an index"
    assert reasons["exchange_rate_history", 2] == sentence.format("currency, rate_date, timestamp")
    assert reasons["global_market_indices", 1] == sentence.format("date, symbol")
    assert "the check tickers_ticker_length fails" in reasons.values()
    assert place.query("select currency from exchange_rate_history") == [("USD",)]
    step(
        place,
        path,
        "update exchange_rate_history set currency = 'JPY' where id = 2",
        "delete from tickers where name = 'long'",
        build=build,
    )
    assert place.query("select currency from exchange_rate_history order by 1") == [("JPY",), ("USD",)]


def test_somebodys_views_stay_or_the_build_names_them(place: Place, path: Path) -> None:
    place.query("create view mine as select * from staging.stg_tickers")
    place.query("create view audit.mine as select * from audit.conservation")
    step(place, path, "alter table tickers add column more integer", "update tickers set more = 1")
    assert place.query("select count(*) > 0 from mine") == place.query("select count(*) > 0 from audit.mine")
    place.query("create materialized view of_trades as select id, side from staging.stg_trades")
    place.query("alter view staging.stg_trades rename column sector to another")
    done = place.run("dbt", "build", "--select", "stg_trades", check=False)
    assert done.returncode == 1
    assert "others read it: public.of_trades." in " ".join(done.stdout.split())
    assert place.query("select count(*) from of_trades") == [(0,)]
    place.query("drop materialized view of_trades")
    place.run("dbt", "build", "--select", "stg_trades")
    place.query("alter view staging.stg_tickers rename column more to less")
    place.query("drop view mine")
    place.query("drop view audit.mine")  # audit.conservation asks staging for what retention took
    done = place.run("dbt", "build", "--select", "stg_tickers", check=False)
    assert "staging.stg_portfolio" in done.stdout
    place.run("dbt", "build")
