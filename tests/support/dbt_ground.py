"""A small source with every kind of row that a build has to place, and what a build made of it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from tests.support.places import Place
from tests.support.sources import write

STAMP = "2024-01-05T09:00:00.123456"

SCHEMA = (
    """create table tickers (ticker text primary key, name text, region text, lot_size integer, is_active boolean,
        listing_date text, created_at text, data_source text, odd_column text)""",
    "create table stock_details (ticker text primary key, sector text, region text, is_spac boolean, created_at text)",
    """create table ohlcv_data (id integer primary key autoincrement, ticker text, timeframe text, date text,
        region text, open real, high real, low real, close real, volume bigint, ma5 real, created_at text)""",
    "create table trades (id integer primary key autoincrement, ticker text, region text, side text, price real)",
)


def price(
    number: int, ticker: str, day: str, region: str | None = None, close: float = 10.0
) -> tuple[str, list[object]]:
    """A statement that inserts one daily row with that id."""
    return (
        "insert into ohlcv_data values (?, ?, 'D', ?, ?, 9.0, 12.0, 8.0, ?, 100, 0.1 + 0.2, ?)",
        [number, ticker, day, region, close, STAMP],
    )


def source(path: Path) -> Path:
    """005930 and 7203 have parents, ACB has one in VN, 000660 has none anywhere."""
    rows: list[str | tuple[str, list[object]]] = [
        ("insert into tickers values ('005930', '삼성전자', 'KR', 1, 1, '1975-06-11', ?, 'KRX', 'odd')", [STAMP]),
        ("insert into tickers values ('7203', 'Toyota', 'JP', 100, 1, '1949/05/16', ?, '', null)", [STAMP]),
        ("insert into tickers values ('ACB', 'ACB', 'VN', 100, 0, '20061121', '2024-01-05 00:00:00', 'HNX', null)", []),
        ("insert into tickers values ('', 'nobody', 'KR', 1, 1, null, ?, null, null)", [STAMP]),
        ("insert into tickers values ('AAPL', 'Apple', 'US', 1, 7, '2024-02-30', ?, null, null)", [STAMP]),
        ("insert into stock_details values ('005930', 'IT', 'KR', 0, ?)", [STAMP]),
        ("insert into stock_details values ('000660', '', null, 1, ?)", [STAMP]),
        ("insert into trades values (7, '005930', 'KR', 'BUY', 1.5)", []),
        price(1, "005930", "2020-01-02", "KR", 11.0),
        price(2, "005930", "2020/01/03", "KR", 12.0),
        price(3, "005930", "20200106", "KR", 13.0),
        price(4, "005930", "2020-01-06 00:00:00", None, 99.0),
        price(5, "ACB", "2020-01-02"),
        price(6, "000660", "2020-01-02"),
        price(7, "005930", "2020-13-45", "KR"),
        price(8, "", "2020-01-02", "KR"),
        price(9, "?what?", "2020-01-02"),
        price(10, "AAPL", "2020-01-02", "US"),
        price(11, "7203", "2024-05-07", "JP"),
    ]
    return write(path, *SCHEMA, *rows)


def clean_source(path: Path) -> Path:
    """One ticker, and its prices of four weeks: nothing for quarantine."""
    security = f"insert into tickers values ('005930', '삼성전자', 'KR', 1, 1, '1975-06-11', '{STAMP}', 'KRX', 'odd')"
    days = (price(number, "005930", f"2020-01-{number:02d}", "KR") for number in range(1, 29))
    return write(path, *SCHEMA, security, *days)


def step(
    place: Place, path: Path, *statements: str | tuple[str, list[object]], build: tuple[str, ...] = ("build",)
) -> None:
    """Change the source, load it, build."""
    if statements:
        write(path, *statements)
    done = place.run("python", "-m", "loader.run", "--source", str(path), check=False)
    assert done.returncode in (0, 1), done.stderr
    place.run("dbt", *build)


def quarantine(place: Place) -> dict[tuple[str, int], str]:
    """Reasons by table and rowid."""
    return {
        (str(table), cast(int, rowid)): str(reason)
        for table, rowid, reason in place.query("select table_name, rowid, reason from audit.quarantine")
    }


def closes(place: Place, ticker: str) -> dict[tuple[str, str], tuple[float, int | None]]:
    """(close, source_rowid) of a ticker's daily rows by region and day."""
    found = place.query("select region, date::text, close, source_rowid from ohlcv_data where ticker = %s", ticker)
    return {
        (str(region), str(day)): (cast(float, close), cast("int | None", rowid)) for region, day, close, rowid in found
    }


def row_versions(place: Place) -> dict[str, object]:
    """A digest of the physical versions of all rows in the target, by table: it changes with any write."""
    tables = place.query(
        "select c.oid::regclass::text from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
        " where c.relkind = 'r'"
        " and (n.nspname = 'public' or c.relname ~ '_hyper_.*_chunk$' or c.relname = 'quarantine')"
    )
    return {
        str(table): place.query(
            f"select md5(string_agg(ctid::text || xmin::text, ',' order by ctid)) from only {table}"
        )
        for (table,) in tables
    }
