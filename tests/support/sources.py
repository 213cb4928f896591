"""SQLite files for tests, and an independent comparison of one with raw."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from loader.plan import FORBIDDEN_COLUMNS, target_name
from tests.support.places import Place

MINUS_ZERO = struct.pack("<d", -0.0)


def write(path: Path, *statements: str | tuple[str, Iterable[object]]) -> Path:
    """Run statements on a SQLite file, made if it is missing; (sql, values) pairs are bound."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            if isinstance(statement, str):
                connection.execute(statement)
            else:
                connection.execute(*statement)
    return path


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def exact(value: object) -> object:
    """A value in a form in which only equal bits are equal."""
    if isinstance(value, float):
        return ("real", struct.pack("<d", value))
    if isinstance(value, memoryview):
        return bytes(value)
    return value


def source_rows(path: Path, table: str) -> dict[int, tuple[object, ...]]:
    """The rows of a table by rowid; text that no PostgreSQL can hold comes as ('raw', bytes)."""

    def text(stored: bytes) -> object:
        try:
            return stored.decode() if b"\0" not in stored else ("raw", stored)
        except UnicodeDecodeError:
            return ("raw", stored)

    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = text
        try:
            found = connection.execute(f"select rowid, * from {quoted(table)}").fetchall()
        except sqlite3.OperationalError:
            keys = [row[1] for row in connection.execute(f"pragma table_info({quoted(table)})").fetchall() if row[5]]
            order = ", ".join(quoted(key if isinstance(key, str) else key[1].decode()) for key in keys)
            rows = connection.execute(f"select * from {quoted(table)} order by {order}").fetchall()
            found = [(number, *row) for number, row in enumerate(rows, 1)]
    return {row[0]: tuple(exact(value) for value in row[1:]) for row in found}


def tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
        return [name for (name,) in found]


def columns(path: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute(f"pragma table_info({quoted(table)})")]


def differences(path: Path, place: Place, names: dict[str, str] | None = None) -> list[str]:
    """What raw and raw.rejected_rows make different from the file; empty when each value is there, once.

    Args:
        path: the SQLite file.
        place: the target.
        names: names in raw of tables that could not keep theirs.
    """
    found = []
    for table in tables(path):
        target = (names or {}).get(table, target_name(table))
        wanted = source_rows(path, table)
        named = [target_name(column, FORBIDDEN_COLUMNS) for column in columns(path, table)]
        listed = ", ".join(["_rowid", *map(quoted, named)])
        got = place.query(f"select {listed} from raw.{quoted(target)}")
        if len({row[0] for row in got}) != len(got):
            found.append(f"{table}: a row came twice")
        rejected = place.query('select rowid, "row" from raw.rejected_rows where table_name = %s', target)
        here = {row[0]: tuple(map(exact, row[1:])) for row in got}
        set_aside = {row[0]: row[1] for row in rejected}
        if here.keys() & set_aside.keys() or here.keys() | set_aside.keys() != wanted.keys():
            found.append(f"{table}: {len(wanted)} rows became {len(here)} and {len(set_aside)} rejected")
        for rowid, row in wanted.items():
            if rowid in here and not same(here[rowid], row):
                found.append(f"{table} rowid {rowid}: {row} became {here[rowid]}")
            if rowid in set_aside:
                whole = dict(zip(columns(path, table), row, strict=True))
                kept = {name: from_json(value) for name, value in set_aside[rowid].items()}
                if not same(tuple(kept.values()), tuple(whole[name] for name in kept)) or kept.keys() != whole.keys():
                    found.append(f"{table} rowid {rowid}: rejected as {json.dumps(set_aside[rowid])}")
    return found


def same(got: tuple[object, ...], wanted: tuple[object, ...]) -> bool:
    """Equal, where an integer may have become the double of the same value."""

    def plain(value: object) -> object:
        if isinstance(value, tuple) and value[0] == "real":
            number = struct.unpack("<d", value[1])[0]
            whole = number.is_integer() and abs(number) <= 2**53 and value[1] != MINUS_ZERO
            return int(number) if whole else value
        return value

    return [plain(value) for value in got] == [plain(value) for value in wanted]


def from_json(value: object) -> object:
    """A value of the kept JSON, back in SQLite's terms."""
    if isinstance(value, dict):
        ((kind, kept),) = value.items()
        if kind == "real":
            return exact(float(kept))
        return ("raw", bytes.fromhex(kept)) if kind == "text" else bytes.fromhex(kept)
    return exact(value)
