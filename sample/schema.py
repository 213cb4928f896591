"""The source schema: `schema.sql` is where it stands, this module reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from importlib.resources import files


def statements() -> list[str]:
    """One CREATE TABLE each; executed one by one, because executescript would commit."""
    return files("sample").joinpath("schema.sql").read_text("utf-8").split(";\n")


@cache
def _columns() -> dict[str, tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements():
            connection.execute(statement)
        found: dict[str, tuple[str, ...]] = {}
        for table, column, kind, key in connection.execute(
            "select t.name, c.name, c.type, c.pk from sqlite_master as t, pragma_table_info(t.name) as c "
            "where t.type = 'table' order by t.rowid, c.cid"
        ):
            numbered = key == 1 and kind == "INTEGER"
            found[table] = found.get(table, ()) + (() if numbered else (column,))
    return found


def columns_of(table: str) -> tuple[str, ...]:
    """The columns that a row has to fill, in the schema's order: all but the id that SQLite numbers."""
    return _columns()[table]
