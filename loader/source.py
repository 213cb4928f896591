"""What a SQLite file holds: its tables and columns, discovered, never assumed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

ROWID_NAMES = ("rowid", "_rowid_", "oid")
STORED_GENERATED = (0, 2, 3)  # table_xinfo.hidden: ordinary, generated virtual, generated stored; 1 is hidden


@dataclass(frozen=True)
class SourceColumn:
    """A column as declared; `affinity` by the rules of https://www.sqlite.org/datatype3.html#determination_of_column_affinity."""

    name: str
    declared: str

    @property
    def affinity(self) -> str:
        kind = self.declared.upper()
        if "INT" in kind:
            return "INTEGER"
        if any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
            return "TEXT"
        if not kind or "BLOB" in kind:
            return "BLOB"
        if any(word in kind for word in ("REAL", "FLOA", "DOUB")):
            return "REAL"
        return "NUMERIC"


@dataclass(frozen=True)
class SourceTable:
    """A table of the file.

    `rowid` is the SQL expression that numbers its rows: SQLite's rowid, or, in a WITHOUT ROWID table,
    the row's place by primary key; likewise where columns have taken all names of the rowid.

    Attributes:
        root: the page of the file at which its b-tree begins.
        rowid_column: the column that is SQLite's rowid by another name, which no record holds.
        computes: some column is computed from others, so that its records are not its columns.
    """

    name: str
    columns: tuple[SourceColumn, ...]
    rowid: str
    has_rowid: bool
    root: int
    rowid_column: str | None
    computes: bool

    @property
    def sql_name(self) -> str:
        return quote(self.name)


def quote(name: str) -> str:
    """An identifier for SQLite or PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def tables(connection: sqlite3.Connection) -> list[SourceTable]:
    """Every ordinary table, by name; views, virtual tables and SQLite's own are left out."""
    found = connection.execute(
        "select name, rootpage from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' "
        "and sql not like 'create virtual%' order by name"
    )
    return [_table(connection, name, root) for name, root in found.fetchall()]


def left_out(connection: sqlite3.Connection) -> list[str]:
    """What is in the file but has no rows of its own to copy: 'view x', 'virtual table y'."""
    found = connection.execute(
        "select case type when 'view' then 'view ' else 'virtual table ' end || name from sqlite_master "
        "where type = 'view' or (type = 'table' and sql like 'create virtual%') order by name"
    )
    return [name for (name,) in found.fetchall()]


def _table(connection: sqlite3.Connection, name: str, root: int) -> SourceTable:
    described = connection.execute(f"pragma table_xinfo({quote(name)})").fetchall()
    columns = tuple(SourceColumn(row[1], row[2] or "") for row in described if row[6] in STORED_GENERATED)
    key = [row[1] for row in sorted(described, key=lambda row: int(row[5])) if row[5]]
    taken = {column.name.lower() for column in columns}
    free = next((alias for alias in ROWID_NAMES if alias not in taken), None)
    if free is not None and _answers(connection, f"select {free} from {quote(name)} limit 0"):
        # A primary key without an index of its own is the rowid itself.
        indexes = connection.execute(f"pragma index_list({quote(name)})").fetchall()
        is_rowid = key and not any(index[3] == "pk" for index in indexes)
        computes = any(row[6] for row in described)
        return SourceTable(name, columns, free, True, root, key[0] if is_rowid else None, computes)
    order = ", ".join(quote(column) for column in key)
    over = f"order by {order}" if order else ""  # without a key: as they lie in the file
    return SourceTable(name, columns, f"row_number() over ({over})", False, root, None, False)


def _answers(connection: sqlite3.Connection, query: str) -> bool:
    try:
        connection.execute(query)
    except sqlite3.OperationalError:
        return False
    return True
