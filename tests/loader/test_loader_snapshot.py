"""The snapshot is one state of the file, whatever a writer in WAL mode does while it is copied."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from loader.snapshot import open_snapshot

ROWS = 200


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two tables whose rows, a page each, all say the number of the last transaction."""
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma journal_mode = wal")
        for table in ("first", "second"):
            connection.execute(f"create table {table} (v integer, filling blob)")
            connection.executemany(f"insert into {table} values (0, ?)", [(bytes(3_000),)] * ROWS)
    return path


def states(path: Path) -> set[int]:
    """What the rows of a snapshot say."""
    with open_snapshot(path) as taken, closing(taken.connect()) as connection:
        return {v for (v,) in connection.execute("select v from first union select v from second")}


def amid_the_copy(monkeypatch: pytest.MonkeyPatch, suffix: str, write: Callable[[], object]) -> None:
    """Have somebody write once half of each file whose name ends so has been copied."""
    whole = shutil.copyfile

    def halves(original: Path, copy: Path) -> object:
        if not original.name.endswith(suffix):
            return whole(original, copy)
        with original.open("rb", buffering=0) as file, copy.open("wb") as made:
            made.write(file.read(original.stat().st_size // 2))
            write()
            return made.write(file.read())

    monkeypatch.setattr(shutil, "copyfile", halves)


def transaction(connection: sqlite3.Connection, number: int, *tables: str) -> None:
    with connection:
        for table in tables or ("first", "second"):
            connection.execute(f"update {table} set v = {number}")


def test_a_writer_that_opens_and_closes_the_file_meanwhile(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers: Iterator[int] = count(1)

    def write() -> None:
        with closing(sqlite3.connect(source)) as connection:
            transaction(connection, next(numbers))

    amid_the_copy(monkeypatch, ".db", write)
    assert len(states(source)) == 1
    assert next(numbers) > 1


def test_a_writer_that_begins_the_log_anew_meanwhile(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("pragma wal_autocheckpoint = 0")
        transaction(connection, 1, "first")
        transaction(connection, 2)
        connection.execute("pragma wal_checkpoint(passive)")
        numbers = iter((3, 4, 5, 6))

        def write() -> None:
            for number in numbers:
                transaction(connection, number)

        amid_the_copy(monkeypatch, "-wal", write)
        assert len(states(source)) == 1
        assert next(numbers, None) is None
