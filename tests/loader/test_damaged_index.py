"""An index that lacks rows of its table, as a crash leaves it, hides none of them from the load or the verdict."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from expectations.parity.source import Reader, open_files
from loader import plan, window
from loader.snapshot import Snapshot, open_snapshot, quick_check
from loader.source import tables
from tests.support.loading import load
from tests.support.places import Place

ROWS = 2500  # more than two samples of types
INDEXED = 10  # of them are in the index
MADE = {
    "with_rowid": "create table t (id integer primary key, side text, amount)",
    "without_rowid": "create table t (side text, id integer, amount, primary key (id, side)) without rowid",
    "all_rowids_taken": "create table t (id integer, side text, amount, rowid text, oid text, _rowid_ text)",
}
INDEXES = {
    "ordinary": "create index i on t (side)",
    "unique": "create unique index i on t (id)",
    "covering": "create index i on t (amount, side, id)",
    "expression": "create index i on t (id, upper(side))",
    "partial": "create index i on t (id) where id > 0",
}


def damaged(path: Path, table: str, index: str) -> Path:
    """A table whose index was made when it held ten rows, and is declared to hold more."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(table)
        rows = [(number, "BUY", number / 3 if number > INDEXED else number) for number in range(1, ROWS + 1)]
        connection.executemany("insert into t (id, side, amount) values (?, ?, ?)", rows)
        connection.execute(f"{index.partition(' where')[0]} where id <= {INDEXED}")
        connection.execute("pragma writable_schema = on")
        connection.execute("update sqlite_master set sql = ? where name = 'i'", (index,))
    return path


@pytest.mark.parametrize("table", MADE)
@pytest.mark.parametrize("index", INDEXES)
def test_rows_are_counted_typed_and_read_from_the_table(tmp_path: Path, table: str, index: str) -> None:
    path = damaged(tmp_path / "s.db", MADE[table], INDEXES[index])
    with open_snapshot(path) as snapshot, closing(snapshot.connect()) as connection:
        quick_check(snapshot)
        (planned,) = plan.make(connection, window_bits=8).tables
        assert planned.rows == ROWS
        assert {column.source: column.type for column in planned.columns}["amount"] == "double precision"
        assert sum(window.read(snapshot, planned, some).rows.num_rows for some in planned.windows) == ROWS


@pytest.mark.parametrize("table", MADE)
@pytest.mark.parametrize("index", INDEXES)
def test_the_verdict_reads_the_table_too(tmp_path: Path, table: str, index: str) -> None:
    path = damaged(tmp_path / "s.db", MADE[table], INDEXES[index])
    with open_files(Snapshot(path, path, "").uri) as files:
        (found,) = tables(files.plain)
        assert files.plain.execute(found.count).fetchone() == (ROWS,)
        wanted = {column.name: pa.string() for column in found.columns}
        wanted |= {"id": pa.int64(), "amount": pa.float64()}
        assert sum(map(len, Reader(files, found, wanted).windows())) == ROWS


@pytest.mark.usefixtures("empty_raw")
@pytest.mark.parametrize("table", MADE)
def test_all_rows_arrive_and_the_dry_run_says_so(place: Place, tmp_path: Path, table: str) -> None:
    path = damaged(tmp_path / "s.db", MADE[table], INDEXES["ordinary"])
    for more in ("--dry-run",), ():
        assert [line["rows"] for line in load(place, path, *more)["tables"]] == [ROWS]  # type: ignore[attr-defined]
    assert place.query("select count(*), sum(id) from raw.t") == [(ROWS, ROWS * (ROWS + 1) // 2)]
