"""Page digests: an unchanged one means unchanged rows, whatever the shape of the table."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from loader import plan
from loader.file_format import pages
from loader.source import tables
from tests.support.places import Place
from tests.support.sources import differences

BITS = 6
EXTREMES = (-(1 << 63), -1, 0, 63, 64, (1 << 63) - 1)


def make(path: Path, page_size: int, longest: int, seed: int = 1) -> None:
    """Some 3,000 rows at scattered rowids, with texts of up to `longest` characters."""
    chance = random.Random(seed)
    numbers = {*EXTREMES, *chance.sample(range(-5_000, 20_000), 3_000), *chance.sample(range(1 << 40, 1 << 41), 20)}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"pragma page_size = {page_size}")
        connection.execute("create table t (id integer primary key, word text)")
        rows = [(number, "x" * chance.randrange(longest)) for number in sorted(numbers)]
        connection.executemany("insert into t values (?, ?)", rows)
        connection.execute("delete from t where id % 7 = 3")


def look(path: Path, reading: str = "") -> dict[int, pages.Stored]:
    with closing(sqlite3.connect(path)) as connection:
        (table,) = tables(connection)
        found = pages.stored(connection, table, BITS, reading)
    assert found is not None
    return found


def content(path: Path) -> dict[int, list[object]]:
    """The rows by window, as SQLite itself tells."""
    found: dict[int, list[object]] = {}
    with closing(sqlite3.connect(path)) as connection:
        for row in connection.execute("select * from t order by id"):
            found.setdefault(row[0] >> BITS, []).append(row)
    return found


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
@pytest.mark.parametrize("longest", [3, 300, 20_000])
def test_windows_and_rows_are_those_that_sqlite_counts(tmp_path: Path, page_size: int, longest: int) -> None:
    make(tmp_path / "s.db", page_size, longest)
    counted = {number: len(rows) for number, rows in content(tmp_path / "s.db").items()}
    assert {number: window.rows for number, window in look(tmp_path / "s.db").items()} == counted


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
@pytest.mark.parametrize("longest", [3, 300, 20_000])
def test_an_equal_digest_means_equal_rows(tmp_path: Path, page_size: int, longest: int) -> None:
    path = tmp_path / "s.db"
    make(path, page_size, longest)
    chance = random.Random(2)
    kept = 0
    for _ in range(20):
        before, rows_before = look(path), content(path)
        some = chance.choice([number for rows in rows_before.values() for number, _ in rows])
        change = chance.choice(
            (
                f"update t set word = substr(word, 2) || 'y' where id = {some}",
                f"update t set word = upper(word) where id between {some} and {some + 3}",
                f"delete from t where id = {some}",
                f"insert or ignore into t values ({some + 1 if some < EXTREMES[-1] else 5}, 'new')",
            )
        )
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(change)
        after, rows_after = look(path), content(path)
        for number in before.keys() & after.keys():
            if before[number].digest and before[number].digest == after[number].digest:
                kept += 1
                assert rows_before[number] == rows_after[number], change
    assert kept or longest == 20_000 or page_size == 65536  # where no page holds the rows of one window alone


def test_a_row_that_goes_on_in_other_pages_leaves_its_window_without_a_digest(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    make(path, 4096, 300)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("insert into t values (1000000, ?), (2000000, ?)", ("a" * 9_000, "b" * 3_000))
    found = look(path)
    assert found[1_000_000 >> BITS].digest is None
    assert found[-4_000 >> BITS].digest is not None


def test_what_the_rows_become_is_part_of_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    make(path, 4096, 30)
    before = look(path)
    assert all(window.digest != before[number].digest for number, window in look(path, "bigint").items())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("alter table t add column more text default 'more'")  # touches no page of the table
    assert all(window.digest != before[number].digest for number, window in look(path).items())


def test_a_table_in_no_file_is_counted_by_sqlite() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t (a)")
        connection.execute("insert into t values (1), (2)")
        (table,) = plan.make(connection).tables
    assert [(window.rows, window.pages) for window in table.windows] == [(2, None)]


def moved(place: Place, source: Path, *more: str) -> Counter[str]:
    """What a load of windows of 1,024 rows did."""
    done = place.run("python", "-m", "loader.run", "--source", str(source), "--batch-size", "1024", "--json", *more)
    (table,) = json.loads(done.stdout)["tables"]
    return Counter({name: table[name] for name in ("rows", "written", "removed")})


def noted(place: Place) -> dict[object, object]:
    return dict(place.query("select low, pages from raw._windows"))


def test_only_windows_whose_pages_changed_are_read_and_only_changed_rows_written(place: Place, tmp_path: Path) -> None:
    place.query("drop schema if exists raw cascade")
    path = tmp_path / "s.db"
    make(path, 4096, 300)
    rows = sum(map(len, content(path).values()))
    assert moved(place, path) == {"rows": rows, "written": rows, "removed": 0}
    first = noted(place)
    assert all(first.values())

    # A row of raw that somebody else changed shows which windows are read: those whose pages changed, and no others.
    place.query("update raw.t set word = 'of somebody else' where _rowid in (63, (select max(_rowid) from raw.t))")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update t set word = 'changed' where id in (0, 64)")
    assert moved(place, path) == {"rows": rows, "written": 3, "removed": 3}
    assert {low for low, digest in noted(place).items() if first[low] != digest} <= {-1024, 0, 1024}
    assert [line[:17] for line in differences(path, place)] == [f"t rowid {EXTREMES[-1]}"[:17]]
    assert moved(place, path, "--full-refresh") == {"rows": rows, "written": 1, "removed": 1}
    assert differences(path, place) == []

    # The same rows on other pages: everything is read, nothing written, and the new pages are noted.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma page_size = 1024")
        connection.execute("vacuum")
    second = noted(place)
    assert moved(place, path) == {"rows": rows, "written": 0, "removed": 0}
    assert all(second[low] != digest for low, digest in noted(place).items())
    assert differences(path, place) == []
