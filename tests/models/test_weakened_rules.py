"""What becomes of the source's rules when its rows or declarations change: each test goes on from the one before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.support.dbt_ground import STAMP
from tests.support.places import Place
from tests.support.sources import write
from tests.support.verdict_ground import Outcome, run

pytestmark = pytest.mark.story

SCHEMA = (
    """create table tickers (ticker text primary key, name text not null, exchange text not null, region text not null,
        currency text not null default 'KRW', odd text not null default 'plain', is_active boolean default 1,
        created_at text not null default (datetime('now')), data_source text)""",
    """create table ohlcv_data (id integer primary key autoincrement, ticker text not null,
        timeframe text not null default 'D', date text not null, region text, open real not null, high real not null,
        low real not null, close real not null, volume bigint not null, created_at text not null,
        unique (ticker, region, timeframe, date))""",
    """create table trades (id integer primary key, ticker text not null, region text not null default 'US',
        side text not null, price real not null, order_time text default (datetime('now', '+9 hours')),
        noted text default current_timestamp, created_at text not null)""",
    """create table ticker_fundamentals (id integer primary key, ticker text not null, date text not null,
        period_type text not null, fiscal_year integer, per real, created_at text not null,
        unique (ticker, fiscal_year, period_type))""",
)
FUNDAMENTALS = "insert into ticker_fundamentals values ({}, '005930', '{}', 'ANNUAL', {}, 1.5, '" + STAMP + "')"
TRADE = "insert into public.trades (ticker, region, side, price) values ('005930', 'KR', 'BUY', %s)"
ON_DATE = "on conflict (ticker, region, date, period_type) do nothing"
CHANGED = ("build", "--select", "tickers", "ohlcv_data", "trades", "ticker_fundamentals", "--exclude-resource-type")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """The source, loaded and built; a price of a security that the source does not know makes a stub."""
    made = write(
        tmp_path_factory.mktemp("source") / f"{place.target.name}.db",
        *SCHEMA,
        f"insert into tickers values ('005930', 'x', 'KOSPI', 'KR', 'KRW', 'y', 1, '{STAMP}', null)",
        f"insert into ohlcv_data values (1, '000660', 'D', '2020-01-02', 'KR', 1, 1, 1, 1, 1, '{STAMP}')",
        f"insert into trades values (1, '005930', 'KR', 'BUY', 1.5, '{STAMP}', 'x', '{STAMP}')",
        FUNDAMENTALS.format(1, "2024-01-05", 2022),
    )
    place.run("python", "-m", "loader.run", "--source", str(made))
    place.run("dbt", "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    return made


def step(place: Place, path: Path, *statements: str) -> str:
    """Change the source, load it, build; returns what dbt said."""
    if statements:
        write(path, *statements)
        place.run("python", "-m", "loader.run", "--source", str(path))
    return place.run("dbt", *CHANGED, "test", "--exclude-resource-type", "unit_test").stdout


def redeclare(path: Path, before: str, after: str) -> None:
    """Change what the file says of its columns, as no `alter table` of SQLite's does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        (version,) = connection.execute("pragma schema_version").fetchone()
        connection.execute("pragma writable_schema = on")
        changed = connection.execute("update sqlite_master set sql = replace(sql, ?, ?)", (before, after))
        assert changed.rowcount
        connection.execute(f"pragma schema_version = {version + 1}")


def verdict(place: Place, path: Path) -> Outcome:
    return run(place, path, "--only", "constraints")


def weakened(place: Place) -> dict[tuple[object, object, object], object]:
    """Reasons by table, kind and columns."""
    found = place.query("select table_name, kind, columns, weakened from audit.source_rules where weakened is not null")
    return {(table, kind, columns): reason for table, kind, columns, reason in found}


def refused(place: Place, statement: str, *values: object) -> bool:
    try:
        place.query(statement, *values)
    except psycopg2.IntegrityError:
        return True
    return False


def test_the_files_own_declarations_stand_and_go_before_those_of_the_yml(place: Place, path: Path) -> None:
    place.query("insert into public.tickers (ticker, region, name, exchange) values ('AAPL', 'US', 'x', 'NASDAQ')")
    assert place.query(
        "select currency, odd, is_active, created_at is not null from public.tickers where ticker = 'AAPL'"
    ) == [("KRW", "plain", True, True)]
    place.query("insert into public.trades (ticker, side, price) values ('AAPL', 'BUY', 1)")
    found = place.query(
        "select region, order_time, noted like '20__-__-__ __:__:__' from public.trades where ticker = 'AAPL'"
    )
    assert found == [("US", None, True)]
    place.query(
        "insert into public.ohlcv_data (ticker, region, date, open, high, low, close, volume)"
        " values ('AAPL', 'US', '2024-01-05', 1, 1, 1, 1, 1)"
    )
    assert place.query("select timeframe from public.ohlcv_data where ticker = 'AAPL'") == [("1d",)]
    assert weakened(place) == {
        (
            "ohlcv_data",
            "unique",
            "id",
        ): "a unique key of a hypertable holds the day, and an id is unique by its sequence alone",
        ("trades", "default", "order_time"): "nobody translates datetime('now', '+9 hours')",
    }
    outcome = verdict(place, path)
    assert (outcome.code, outcome.wrong) == (0, [])
    assert (
        "Weakened: trades.order_time has no DEFAULT, since nobody translates datetime('now', '+9 hours')."
        in (outcome.document["notes"])
    )


def test_a_stub_may_lack_what_a_row_of_an_application_must_have(place: Place, path: Path) -> None:  # noqa: ARG001
    assert place.query("select exchange, odd from public.tickers where data_source = 'inferred'") == [(None, None)]
    for origin in ("null", "'somebody'"):
        assert refused(
            place,
            "insert into public.tickers (ticker, region, name, data_source) values ('MSFT', 'US', 'x', " + origin + ")",
        )


BY_HAND = {
    "trades alter column price drop not null": "trades: price may be NULL in public, though no row has it so",
    "ohlcv_data alter column close drop not null": "ohlcv_data: close may be NULL in public, though no row has it so",
    "tickers drop constraint tickers_exchange_not_null": "tickers: exchange may be NULL in public, though no row",
    "tickers alter column currency drop default": "tickers: currency has the DEFAULT NULL in public where 'KRW'",
    "trades alter column region set default 'KR'": "trades: region has the DEFAULT 'KR'::text in public where 'US'",
    "tickers alter column created_at set default '2024-01-05'": "tickers: created_at has the DEFAULT '2024-01-05",
    "ohlcv_data alter column id drop default": "ohlcv_data: id does not count on in public",
    "ticker_fundamentals drop constraint ticker_fundamentals_ticker_region_date_period_type_key": (
        "ticker_fundamentals: date, period_type, region, ticker may be the same in two rows in public, though no row"
    ),
    "ticker_fundamentals drop constraint ticker_fundamentals_ticker_region_fiscal_year_period_type_key": (
        "ticker_fundamentals: fiscal_year, period_type, region, ticker may be the same in two rows"
    ),
}


def test_what_was_changed_by_hand_fails_the_suite_and_the_next_build_mends_it(place: Place, path: Path) -> None:
    for change in BY_HAND:
        place.query(f"alter table public.{change}")
    before = verdict(place, path)
    step(place, path)
    after = verdict(place, path)
    assert [words for words in BY_HAND.values() if words not in before.said] == []
    assert (before.code, after.code, after.wrong) == (1, 0, [])


def test_what_nobody_declared_is_told(place: Place, path: Path) -> None:
    place.query("alter table public.tickers alter is_active set not null, alter listing_date set default '2024-01-05'")
    place.query("create unique index of_hand on public.trades (order_no)")
    said = verdict(place, path).said
    place.query("alter table public.tickers alter is_active drop not null, alter listing_date drop default")
    place.query("drop index public.of_hand")
    assert "tickers: is_active is NOT NULL in public, which neither models/ nor the file says of it" in said
    assert "tickers: listing_date has a DEFAULT in public, '2024-01-05'::date, which neither" in said
    assert "trades: (order_no) is unique in public" in said


def test_a_null_of_the_source_lives_and_weakens_its_rule_until_it_is_mended(place: Place, path: Path) -> None:
    trade = f"insert into trades values (12, '005930', 'KR', 'BUY', 2.5, '{STAMP}', 'x', '')"
    said = step(place, path, trade, "update ohlcv_data set created_at = ''")
    assert "weakened: trades.created_at may be NULL, since 1 row is" in said
    assert place.query("select created_at from public.trades where source_rowid = 12") == [(None,)]
    assert place.query("select created_at from public.ohlcv_data where source_rowid = 1") == [(None,)]
    outcome = verdict(place, path)
    assert (outcome.code, outcome.wrong) == (0, [])
    assert {
        "Weakened: trades.created_at may be NULL, since 1 row is.",
        "Weakened: ohlcv_data.created_at may be NULL, since 1 row is.",
    } <= set(outcome.document["notes"])
    place.query("update audit.source_rules set weakened = null where columns = 'created_at'")
    assert "since 1 row is, but audit.source_rules does not list it" in verdict(place, path).said
    mend = "set created_at = '" + STAMP + "'"
    step(place, path, f"update trades {mend}", f"update ohlcv_data {mend}")
    assert [columns for _, kind, columns in weakened(place) if kind == "not_null"] == []
    assert refused(place, "update public.ohlcv_data set created_at = null")


def test_a_null_of_a_row_that_the_source_no_longer_has_counts_too(place: Place, path: Path) -> None:
    redeclare(path, "price real not null", "price real")
    step(place, path, f"insert into trades values (13, '005930', 'KR', 'BUY', null, '{STAMP}', 'x', '{STAMP}')")
    assert not refused(place, TRADE, None)
    place.query("delete from public.trades where price is null and source_rowid is null")
    write(path, "delete from trades where id = 13")
    redeclare(path, "price real", "price real not null")
    step(place, path, "update tickers set name = 'y'")
    assert weakened(place)["trades", "not_null", "price"] == "may be NULL, since 1 row is"
    place.query("update public.trades set price = 1 where price is null")
    step(place, path)
    assert ("trades", "not_null", "price") not in weakened(place)
    assert refused(place, TRADE, None)


def test_two_rows_of_the_source_with_one_key_both_live(place: Place, path: Path) -> None:
    said = step(place, path, FUNDAMENTALS.format(2, "2024-01-05", 2023))
    assert "ticker_fundamentals.ticker, region, date, period_type may be the same in two rows, since 2 rows" in said
    assert place.query("select id from public.ticker_fundamentals order by id") == [(1,), (2,)]
    outcome = verdict(place, path)
    assert (outcome.code, outcome.wrong) == (0, [])
    step(place, path, "update ticker_fundamentals set date = '2024-01-06' where id = 2")
    assert [columns for table, _, columns in weakened(place) if table == "ticker_fundamentals"] == []
    place.query(
        "insert into public.ticker_fundamentals (ticker, region, date, period_type)"
        f" values ('005930', 'KR', '2024-01-06', 'ANNUAL') {ON_DATE}"
    )


def test_rows_that_swap_their_keys_are_no_duplicates(place: Place, path: Path) -> None:
    step(place, path, "update ticker_fundamentals set date = case id when 1 then '2024-01-06' else '2024-01-05' end")
    found = place.query("select id, date::text from public.ticker_fundamentals order by id")
    assert found == [(1, "2024-01-06"), (2, "2024-01-05")]
    assert [columns for table, _, columns in weakened(place) if table == "ticker_fundamentals"] == []


def test_what_the_file_gives_up_is_given_up(place: Place, path: Path) -> None:
    redeclare(path, "side text not null", "side text")
    redeclare(path, "default 'US'", "default ' kr '")
    step(place, path, f"insert into trades values (14, '005930', 'KR', null, 1.5, '{STAMP}', 'x', '{STAMP}')")
    assert place.query("insert into public.trades (ticker, price) values ('005930', 1) returning region") == [("KR",)]
    outcome = verdict(place, path)
    assert (outcome.code, outcome.wrong) == (0, [])


def test_a_database_that_an_older_version_built_gets_the_rules_of_the_yml(place: Place, path: Path) -> None:
    place.query("update raw._tables set keys = null; delete from audit.source_rules where table_name = 'tickers'")
    place.query(
        "alter table public.tickers alter column currency drop default, alter column name drop not null,"
        " drop constraint tickers_exchange_not_null"
    )
    step(place, path)
    assert refused(place, "insert into public.tickers (ticker, region, exchange) values ('MSFT', 'US', 'x')")
    assert refused(place, "insert into public.tickers (ticker, region, name) values ('MSFT', 'US', 'x')")
    place.query("insert into public.tickers (ticker, region, name, exchange) values ('MSFT', 'US', 'x', 'x')")
    assert place.query("select currency, asset_type from public.tickers where ticker = 'MSFT'") == [("KRW", "STOCK")]
