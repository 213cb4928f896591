"""Records decoded from their pages are what SQLite reads; where they might not be, SQLite reads."""

from __future__ import annotations

import math
import random
import sqlite3
import struct
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader import plan, types, window
from loader.file_format import records
from loader.snapshot import Snapshot

BITS = 4
INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1) | st.builds(
    lambda bits, more: (1 << bits) + more, st.integers(0, 62), st.integers(-2, 2)
)
REALS = st.floats(allow_nan=False) | st.integers(-(1 << 54), 1 << 54).map(float) | st.sampled_from([-0.0, math.inf])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.just("긴 글 " * 30)
VALUES = {
    "integer": INTEGERS,
    "bigint": INTEGERS | st.integers(0, 1),
    "real": REALS | st.integers(-1000, 1000),
    "text": TEXTS,
    "blob": st.binary(max_size=8) | st.just(bytes(300)),
    "numeric": REALS | st.integers(-(1 << 54), 1 << 54),
    "boolean": st.integers(0, 1),
    "date": st.dates().map(str),
    "": INTEGERS,
}
ANYTHING = st.none() | INTEGERS | REALS | TEXTS | st.binary(max_size=5)
ROWIDS = st.integers(-40, 60) | st.sampled_from([-(1 << 63), (1 << 63) - 1, 1 << 40])


def both(path: Path) -> Iterable[tuple[window.Content, window.Content, bool]]:
    """Each window as it is read, as it is read without this module, and whether this module took it."""
    snapshot = Snapshot(path, path, "")
    with closing(snapshot.connect()) as connection:
        planned = plan.make(connection, window_bits=BITS)
    for table in planned.tables:
        for some in table.windows:
            taken = records.decode(snapshot, table, some) is not None
            ours = window.read(snapshot, table, some)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(window, "decode", lambda *_: None)
                yield ours, window.read(snapshot, table, some), taken


def bits(rows: pa.Table) -> list[list[object]]:
    """Values that compare as they are stored: -0.0 is not 0.0."""
    columns = (column.combine_chunks() for column in rows.columns)
    return [(c.view(pa.int64()) if pa.types.is_float64(c.type) else c).to_pylist() for c in columns]


def all_equal(path: Path) -> list[bool]:
    """Compare every window, and tell which ones were decoded."""
    found = []
    for ours, theirs, taken in both(path):
        assert ours.rows.schema == theirs.rows.schema
        assert bits(ours.rows) == bits(theirs.rows)
        assert ours.rejected == theirs.rejected
        found.append(taken)
    return found


@st.composite
def made(draw: st.DrawFn) -> tuple[list[str], list[list[object]], int]:
    kinds = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=6))
    odd = draw(st.booleans())  # now and then, a value of another class
    values = [st.none() | VALUES[kind] | (ANYTHING if odd else st.nothing()) for kind in kinds]
    rowids = draw(st.lists(ROWIDS, max_size=40, unique=True))
    rows = [[rowid, *(draw(value) for value in values)] for rowid in rowids]
    return kinds, rows, draw(st.sampled_from([512, 4096, 65536]))


@given(made())
@settings(max_examples=200, deadline=None)
def test_every_window_is_what_sqlite_reads(table: tuple[list[str], list[list[object]], int]) -> None:
    kinds, rows, page_size = table
    columns = [f"c{number} {kind}" for number, kind in enumerate(kinds)]
    with TemporaryDirectory() as room:
        path = Path(room) / "s.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"pragma page_size = {page_size}")
            connection.execute(f"create table t ({', '.join(columns)})")
            names = ", ".join(["rowid", *(f"c{number}" for number in range(len(kinds)))])
            marks = ", ".join("?" * (len(kinds) + 1))
            connection.executemany(f"insert into t ({names}) values ({marks})", rows)
        all_equal(path)


def write(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def numbered(rows: int, values: str) -> str:
    return f"with recursive n (i) as (select 1 union all select i + 1 from n where i < {rows}) select {values} from n"


ORDINARY = {
    "a real among integers": ("create table t (a integer)", "insert into t " + numbered(9, "i + (i = 5) / 2.0")),
    "of all classes": (
        "create table t (id integer primary key, i integer, r real, t text, b blob, u)",
        "insert into t " + numbered(500, "i - 250, i * i * i * i * i, i / 2.0, 'row ' || i, cast(i as blob), i"),
        "update t set i = null, t = '' where id % 7 = 0",
        "insert into t values (9223372036854775807, -9223372036854775808, 5e-324, 'é' || char(0x1f642), x'', 0)",
    ),
    "with free room amid the pages": (
        "create table t (a text, b real)",
        "insert into t " + numbered(900, "substr('abcdefghijklmnopqrstuvwxyz', i % 26), i"),
        "delete from t where rowid % 3 = 0",
        "update t set a = a || a where rowid % 5 = 0",
        "insert into t (rowid, a) values (3, 'back again'), (6, null)",
    ),
    "of many columns": (
        f"create table t ({', '.join(f'c{n} real' for n in range(400))})",
        "insert into t " + numbered(30, ", ".join(f"i + {n}" if n % 3 else "null" for n in range(400))),
    ),
    "whose key has an index": (
        "create table t (id integer primary key desc, v text)",
        "insert into t " + numbered(50, "1000 - i, 'v'"),
    ),
    "that lost a column": (
        "create table t (a integer, b text, c real)",
        "insert into t " + numbered(50, "i, 'b', i"),
        "alter table t drop column b",
    ),
    "of texts that are long for a header": (
        "create table t (a text, b text)",
        "insert into t " + numbered(60, "printf('%.*c', i * 3, 'x'), printf('%.*c', 200 - i, 'y')"),
    ),
}


@pytest.mark.parametrize("page_size", [2048, 4096, 65536])
@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_table_is_decoded(tmp_path: Path, name: str, page_size: int) -> None:
    path = write(tmp_path / "s.db", f"pragma page_size = {page_size}", *ORDINARY[name])
    assert all(all_equal(path))


UNUSUAL = {
    "no rowid": ("create table t (a text primary key) without rowid", "insert into t values ('a')"),
    "a computed column": (
        "create table t (a integer, b integer as (a + 1) stored, c integer as (a + 2))",
        "insert into t values (1)",
    ),
    "a later column": (
        "create table t (a integer)",
        "insert into t values (1)",
        "alter table t add column b real default 1.5",
    ),
    "UTF-16": ("pragma encoding = 'UTF-16le'", "create table t (a text)", "insert into t values ('a')"),
    "a row in overflow pages": ("create table t (a text)", "insert into t values (printf('%.*c', 9000, 'x'))"),
    "a row in overflow pages before many others": (
        "create table t (a text)",
        "insert into t " + numbered(15, "printf('%.*c', case i when 5 then 6000 else 1000 end, 'x')"),
    ),
    "text among reals": ("create table t (a real)", "insert into t " + numbered(9, "i / 2.0"), "update t set a = 'x'"
                         " where rowid = 5"),
    "a blob among texts": ("create table t (a text)", "insert into t " + numbered(9, "'a'"),
                           "update t set a = x'00' where rowid = 5"),
    "an integer that is no double": (
        "create table t (a numeric)",
        "insert into t " + numbered(9, "i / 2.0"),
        "insert into t values (9007199254740993)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_out_of_the_ordinary_is_left_to_sqlite(tmp_path: Path, name: str) -> None:
    assert all_equal(write(tmp_path / "s.db", *UNUSUAL[name])) == [False]


def test_integers_of_a_real_column_are_never_integers(tmp_path: Path) -> None:
    path = write(tmp_path / "s.db", "create table t (a real)", "insert into t values (1), (2)")
    snapshot = Snapshot(path, path, "")
    with closing(snapshot.connect()) as connection:
        (table,) = plan.make(connection).tables
    (column,) = table.columns
    kept = plan.Column(column.source, column.target, types.BIGINT, None)  # as raw has it, from other days
    assert records.decode(snapshot, plan.TablePlan(table.source, "t", (kept,), table.windows), table.windows[0]) is None


def test_a_nan_in_the_file_is_left_to_sqlite(tmp_path: Path) -> None:
    path = write(tmp_path / "s.db", "create table t (a real)", "insert into t values (0.1), (1234.5678)")
    path.write_bytes(path.read_bytes().replace(struct.pack(">d", 1234.5678), struct.pack(">d", math.nan)))
    assert all_equal(path) == [False]


def test_damaged_records_are_not_guessed_at(tmp_path: Path) -> None:
    path = write(tmp_path / "s.db", *ORDINARY["of all classes"])
    sound, chance = path.read_bytes(), random.Random(3)
    for _ in range(100):
        broken = bytearray(sound)
        for _ in range(3):
            broken[chance.randrange(4096, len(sound))] = chance.randrange(256)
        path.write_bytes(broken)
        snapshot = Snapshot(path, path, "")
        try:
            with closing(snapshot.connect()) as connection:
                (ok,) = connection.execute("pragma quick_check(1)").fetchone()
            if ok == "ok":
                all_equal(path)
        except sqlite3.DatabaseError:
            continue
