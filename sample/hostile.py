"""What SQLite allows and nobody expects: values of the wrong storage class, odd tables, keys that are none.

Everything here is done to a finished database, so that the real dirt and its numbers stay as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sample.notes import Notes
from sample.universe import Universe

# (column of ohlcv_data, SQL of the value, kind): values that their column's PostgreSQL type cannot hold.
_MISFITS = (
    ("ma5", "'N/A'", "text in REAL"),
    ("close", "''", "text in REAL"),
    ("rsi_14", "x'00ff'", "blob in REAL"),
    ("volume", "1.5", "real in INTEGER"),
    ("volume", "9223372036854775808", "real in INTEGER"),
    ("volume", "'많음'", "text in INTEGER"),
    ("created_at", "x'c3280041'", "blob in TEXT"),
    ("created_at", "'2024-01-05' || char(0) || 'T09:00:00'", "NUL in TEXT"),
    ("created_at", "cast(x'ff4142' as text)", "invalid UTF-8"),
)
# Values that look wrong and fit.
_FITS = (
    ("volume_ratio", "9e999"),
    ("macd", "-9e999"),
    ("macd_hist", "-0.0"),
    ("bb_lower", "5e-324"),
    ("volume", "1099511627776"),
)
_UNREADABLE = ("2024-13-45", "2023-02-29", "어제", "", "0000-00-00", "20240230")

LONG_NAME = "a_table_whose_name_is_longer_than_the_sixty_three_bytes_that_postgresql_keeps"
_ODD_TABLES = (
    'create table "order" ("select" integer, "from" text, "Group" real)',
    """insert into "order" values (1, 'a', 0.1), (2, '', -0.0), (null, null, null)""",
    'create table "내 표 ""quoted"" Mixed Case" '
    '(id integer primary key, "열 이름" text, "with ""quote""" text, "a,b;c" real, MixedCase text)',
    """insert into "내 표 ""quoted"" Mixed Case" values """
    """(1, '값', 'a"b', 1e308, 'x'), (2, '😀', null, 5e-324, '')""",
    "create table settings (key text primary key, value text) without rowid",
    "insert into settings values ('theme', 'dark'), ('언어', 'ko'), ('', 'empty key')",
    "create table never_used (a integer, b text, c blob)",
    "create table no_key (note text, n integer)",
    "insert into no_key values ('twice', 1), ('twice', 1), (null, null)",
    "create table extremes (i integer, r real, t text, b blob)",
    "insert into extremes values (9223372036854775807, 9e999, 'tab\tnew\nline\\.', x''), "
    "(-9223372036854775808, -9e999, '\\N', x'0001ff'), (0, 5e-324, 'NULL', null), "
    "(4294967296, -0.0, '', x'5c78')",
    f"create table {LONG_NAME} (n integer)",
    f"insert into {LONG_NAME} values (1)",
    "create view latest_prices as select ticker, max(date) as date from ohlcv_data group by ticker",
)


def plant_hostile(connection: sqlite3.Connection, notes: Notes, universe: Universe, spared: set[str]) -> None:
    """Plant every accident once or a few times, and note what a faithful migration makes of it.

    Args:
        connection: the finished database, in a transaction.
        notes: where it is written down.
        universe: all securities.
        spared: tickers whose prices stay as they are, as the manifest sums them up.
    """
    rows = _quiet_prices(connection, spared)
    for column, value, kind in _MISFITS:
        rowid = next(rows)[0]
        connection.execute(f"update ohlcv_data set {column} = {value} where id = ?", (rowid,))
        notes.reject("ohlcv_data", rowid, column, kind)
    for column, value in _FITS:
        rowid = next(rows)[0]
        connection.execute(f"update ohlcv_data set {column} = {value} where id = ?", (rowid,))
        notes.plant("odd_but_fitting", f"ohlcv_data.{column}", [rowid])
    for day in _UNREADABLE:
        rowid = next(rows)[0]
        connection.execute("update ohlcv_data set date = ? where id = ?", (day, rowid))
        notes.quarantine("ohlcv_data", rowid, "unreadable date")
    rowid = next(rows)[0]
    connection.execute("update ohlcv_data set ticker = '' where id = ?", (rowid,))
    notes.quarantine("ohlcv_data", rowid, "empty ticker")

    # Two rows of one ticker and day without a region: the unique key does not see that they are the same.
    first, second = next(rows)
    connection.execute("update ohlcv_data set region = null where id in (?, ?)", (first, second))
    connection.execute(
        "update ohlcv_data set date = (select date from ohlcv_data where id = ?) where id = ?",
        (first, second),
    )
    notes.one_of.append({"table": "ohlcv_data", "rowids": [first, second], "reason": "duplicate"})
    notes.plant("null_region", "ohlcv_data", [first, second])

    _plant_elsewhere(connection, notes, universe)
    for statement in _ODD_TABLES:
        connection.execute(statement)
    for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
        if name not in notes.counts and not name.startswith("sqlite_"):
            notes.counts[name] = connection.execute(
                f'select count(*) from "{name.replace(chr(34), chr(34) * 2)}"'
            ).fetchone()[0]
            notes.plant("odd_tables", name, notes.counts[name])


def _quiet_prices(connection: sqlite3.Connection, spared: set[str]) -> Iterator[tuple[int, int]]:
    """Korean daily rows with nothing else about them, in pairs of one ticker; the tickers take turns."""
    found = connection.execute(
        f"""
        select ticker, id from ohlcv_data as one
        where ticker in (
                select distinct ticker from ohlcv_data
                where region = 'KR' and ticker not in ({", ".join("?" * len(spared))})
                order by ticker limit 40
            )
            and region = 'KR' and timeframe = 'D' and date like '____-__-__'
            and ma20 is not null and volume > 0
            and not exists (
                select 1 from ohlcv_data as other
                where other.ticker = one.ticker and other.region is null and other.date = one.date
            )
        order by ticker, id
        """,
        sorted(spared),
    ).fetchall()
    by_ticker: dict[str, list[int]] = {}
    for ticker, rowid in found:
        by_ticker.setdefault(ticker, []).append(rowid)
    for turn in range(max(map(len, by_ticker.values())) // 2):
        for rowids in by_ticker.values():
            if len(rowids) > 2 * turn + 1:
                yield rowids[2 * turn], rowids[2 * turn + 1]


def _plant_elsewhere(connection: sqlite3.Connection, notes: Notes, universe: Universe) -> None:
    """The same in the small tables, and rowids far from 1, 2, 3."""
    stock = notes.counts["stock_details"] // 2
    for offset, (column, value, kind) in enumerate((
        ("industry", "'반도체' || char(0) || '장비'", "NUL in TEXT"),
        ("par_value", "'N/A'", "text in INTEGER"),
        ("is_spac", "'Y'", "text in INTEGER"),
    )):  # fmt: skip
        connection.execute(f"update stock_details set {column} = {value} where rowid = ?", (stock + offset,))
        notes.reject("stock_details", stock + offset, column, kind)
    connection.execute("update trades set quantity = 0.5 where id = 3")
    notes.reject("trades", 3, "quantity", "real in INTEGER")
    # A parent that cannot be loaded becomes a stub when a child still names it.
    lost = next(
        rowid
        for rowid, one in enumerate(universe.listed, 1)
        if one.region == "JP"
        and not one.is_etf
        and rowid > 20
        and one.ticker.isdigit()
        and not _priced(notes, one.ticker)
    )
    connection.execute("update tickers set name = cast(x'e5a4' as text) where rowid = ?", (lost,))
    notes.reject("tickers", lost, "name", "invalid UTF-8")
    one = universe.listed[lost - 1]
    universe.parents.discard((one.ticker, one.region))

    connection.execute(
        "insert into tickers (ticker, name, exchange, region, created_at, last_updated) "
        "values ('', '이름만 있음', 'KOSPI', 'KR', "
        "'2024-01-05T09:00:00.000001', '2024-01-05T09:00:00.000001')"
    )
    notes.counts["tickers"] += 1
    notes.quarantine(
        "tickers",
        connection.execute("select rowid from tickers where ticker = ''").fetchone()[0],
        "empty ticker",
    )
    strange = {rowid for places in notes.kinds.values() for rowid in places.get("market_sentiment.date", [])}
    plain = next(rowid for rowid in range(1, notes.counts["market_sentiment"] + 1) if rowid not in strange)
    connection.execute("update market_sentiment set date = 'n/a' where id = ?", (plain,))
    notes.quarantine("market_sentiment", plain, "unreadable date")
    for table, last, rowid in (
        ("exchange_rate_history", 4, -7),
        ("global_market_indices", 5, 2**62),
        ("kis_api_logs", 6, -(2**63)),
    ):
        connection.execute(f"update {table} set id = ? where id = ?", (rowid, last))
        notes.move(table, last, rowid)


def _priced(notes: Notes, ticker: str) -> bool:
    return any(one == ticker for one, _ in notes.references["ohlcv_data"])
