"""What a SQLite file holds: its tables and columns, discovered, never assumed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ROWID_NAMES = ("rowid", "_rowid_", "oid")
STORED_GENERATED = (0, 2, 3)  # table_xinfo.hidden: ordinary, generated virtual, generated stored; 1 is hidden


@dataclass(frozen=True)
class SourceColumn:
    """A column as declared; `affinity` by the rules of https://www.sqlite.org/datatype3.html#determination_of_column_affinity.

    `default` is SQL, as the file has it.
    """

    name: str
    declared: str
    required: bool = False
    default: str | None = None

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
        scan: the table as it stands after FROM. SQLite reads the rows themselves then; an index, which it would
            prefer where one is smaller, may be damaged and lack some of them.
        root: the page of the file at which its b-tree begins.
        rowid_column: the column that is SQLite's rowid by another name, which no record holds.
        computes: some column is computed from others, so that its records are not its columns.
        keys: the columns of the primary key and of each UNIQUE, whether a constraint or an index.
    """

    name: str
    columns: tuple[SourceColumn, ...]
    scan: str
    rowid: str
    has_rowid: bool
    root: int
    rowid_column: str | None
    computes: bool
    keys: tuple[tuple[str, ...], ...] = ()

    @property
    def key(self) -> tuple[str, ...] | None:
        """The columns that tell its rows apart: the first of `keys` if any; None where the rowid is the primary key."""
        return None if self.rowid_column else next(iter(self.keys), ())

    @property
    def count(self) -> str:
        """The query for its number of rows."""
        return f"select count(*) from {quote(self.name)} not indexed"


def quote(name: str) -> str:
    """An identifier for SQLite or PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def tables(connection: sqlite3.Connection) -> list[SourceTable]:
    """Every ordinary table, by name; views, virtual tables, SQLite's own and those of `not_utf8` are left out."""
    return [_table(connection, _text(name), root) for name, root in _listed(connection) if _is_named(connection, name)]


def not_utf8(connection: sqlite3.Connection) -> list[str]:
    """The ordinary tables that no statement can name, or a column of theirs, for the name is not UTF-8."""
    return [_text(name) for name, _ in _listed(connection) if not _is_named(connection, name)]


def left_out(connection: sqlite3.Connection) -> list[str]:
    """What is in the file but has no rows of its own to copy: 'view x', 'virtual table y'."""
    found = undecoded(
        connection,
        "select case type when 'view' then 'view ' else 'virtual table ' end || name from sqlite_master "
        "where type = 'view' or (type = 'table' and sql like 'create virtual%') order by name",
    )
    return [_text(name) for (name,) in found]


def undecoded(connection: sqlite3.Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a query with texts as their bytes in UTF-8, which some that SQLite holds are not."""
    before, connection.text_factory = connection.text_factory, bytes
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.text_factory = before


def _listed(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return undecoded(
        connection,
        "select name, rootpage from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' "
        "and sql not like 'create virtual%' order by name",
    )


def _is_named(connection: sqlite3.Connection, table: bytes) -> bool:
    """Whether the name and those of its columns are UTF-8."""
    try:
        columns = undecoded(connection, "select name from pragma_table_xinfo(?)", table.decode())
        return all(column.decode() is not None for (column,) in columns)
    except UnicodeDecodeError:
        return False


def _text(name: bytes) -> str:
    """A name as SQLite stores it; a byte that is not UTF-8 comes in hexadecimal."""
    return name.decode(errors="backslashreplace")


def _table(connection: sqlite3.Connection, name: str, root: int) -> SourceTable:
    described = undecoded(
        connection,
        "select name, coalesce(type, ''), pk, hidden, \"notnull\", dflt_value from pragma_table_xinfo(?) order by cid",
        name,
    )
    columns = tuple(
        SourceColumn(_text(column), _text(kind), bool(required), None if default is None else _text(default))
        for column, kind, _, hidden, required, default in described
        if hidden in STORED_GENERATED
    )
    key = [_text(column) for column, _, place, *_ in sorted(described, key=lambda row: int(row[2])) if place]
    keys = tuple(dict.fromkeys([tuple(key)] * bool(key) + [*_unique(connection, name)]))
    taken = {column.name.lower() for column in columns}
    free = next((alias for alias in ROWID_NAMES if alias not in taken), None)
    key_index = connection.execute("select name from pragma_index_list(?) where origin = 'pk'", (name,)).fetchone()
    without_rowid = key_index is not None and _holds_rows(connection, key_index[0])
    computes = any(row[3] for row in described)
    if free is not None and not without_rowid:
        # A primary key without an index of its own is the rowid itself.
        rowid_column = key[0] if key and key_index is None else None
        return SourceTable(name, columns, f"{quote(name)} not indexed", free, True, root, rowid_column, computes, keys)
    # Where a table has no rowids, SQLite heeds `not indexed` for a bare count(*) only.
    scan = f"{quote(name)} indexed by {quote(key_index[0])}" if without_rowid else f"{quote(name)} not indexed"
    order = f"order by {', '.join(map(quote, key))}" if key else ""  # without a key: as they lie in the file
    return SourceTable(name, columns, scan, f"row_number() over ({order})", False, root, None, computes, keys)


def _unique(connection: sqlite3.Connection, name: str) -> Iterator[tuple[str, ...]]:
    """The columns of each unique index over all rows and nothing but columns."""
    listed = undecoded(connection, 'select name from pragma_index_list(?) where "unique" and not partial', name)
    for (index,) in listed:
        columns = undecoded(connection, "select name from pragma_index_info(?)", _text(index))
        if all(column is not None for (column,) in columns):
            yield tuple(_text(column) for (column,) in columns)


def _holds_rows(connection: sqlite3.Connection, key_index: str) -> bool:
    """Whether the index of a primary key is the table itself: any other one ends with the rowid."""
    ends = connection.execute("select 1 from pragma_index_xinfo(?) where cid = -1", (key_index,)).fetchone()
    return ends is None
