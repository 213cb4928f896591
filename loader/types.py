"""Which PostgreSQL type holds a SQLite column without loss.

SQLite is dynamically typed: the declared type is a preference, the values decide. A column whose
affinity is INTEGER, REAL or TEXT converts what it can on writing, so one class is the rule and all
else an accident; a column of any other affinity (BOOLEAN, DATE, DECIMAL, none) is typed by what is in it.
The rows that do not fit go, whole, to `raw.rejected_rows`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from loader.source import SourceColumn, SourceTable, quote

BIGINT, DOUBLE, TEXT, BYTEA = "bigint", "double precision", "text", "bytea"
OF_CLASS = {"integer": BIGINT, "real": DOUBLE, "text": TEXT, "blob": BYTEA}
CLASSES = tuple(OF_CLASS)
PLAIN = {"INTEGER": BIGINT, "REAL": DOUBLE, "TEXT": TEXT}
EXACT_IN_DOUBLE = 2**53
SAMPLE = 500  # rows at each end of a table that show what a column of plain affinity holds

Counts = Mapping[str, int]
Item = TypeVar("Item")


def choose(connection: sqlite3.Connection, table: SourceTable) -> dict[str, str]:
    """The PostgreSQL type of each column.

    Columns of INTEGER, REAL and TEXT affinity are sampled at both ends of the table: the misfits among the
    rest are found while reading. Reals in an INTEGER column are looked for in all rows, for they are no misfits: the
    column is typed as what holds them. Other columns are counted in full, for nothing else tells their type.
    """
    plain = {column.name: PLAIN[column.affinity] for column in table.columns if column.affinity in PLAIN}
    unusual = _unusual(connection, [c for c in table.columns if c.name in plain], _ends(table))
    typed_by_value = [c for c in table.columns if c.name not in plain] + _fractional(connection, table)
    counts = _count(connection, unusual, _ends(table)) | _count(connection, typed_by_value, table.scan)
    return {
        column.name: postgres_type(column, counts[column.name]) if column.name in counts else plain[column.name]
        for column in table.columns
    }


def _fractional(connection: sqlite3.Connection, table: SourceTable) -> list[SourceColumn]:
    """Those columns of INTEGER affinity that hold reals: SQLite keeps as such only what no integer is."""
    columns = [c for c in table.columns if c.affinity == "INTEGER" and c.name != table.rowid_column]
    tests = [f"max(typeof({quote(c.name)}) = 'real')" for c in columns]
    return [column for column, found in zip(columns, _asked(connection, tests, table.scan), strict=True) if found]


def _unusual(connection: sqlite3.Connection, columns: Sequence[SourceColumn], rows: str) -> list[SourceColumn]:
    """Those columns in which some value is not of the class that their affinity makes the rule."""
    tests = [f"max(typeof({quote(c.name)}) not in ('{c.affinity.lower()}', 'null'))" for c in columns]
    return [column for column, unusual in zip(columns, _asked(connection, tests, rows), strict=True) if unusual]


def _asked(connection: sqlite3.Connection, tests: Sequence[str], rows: str) -> list[object]:
    found: list[object] = []
    for some in _slices(tests):
        found += connection.execute(f"select {', '.join(some)} from {rows}").fetchone()
    return found


def _ends(table: SourceTable) -> str:
    if not table.has_rowid:
        return f"(select * from {table.scan} limit {2 * SAMPLE})"
    first = f"select * from (select * from {table.scan} order by {table.rowid} limit {SAMPLE})"
    return f"({first} union all {first.replace(' limit', ' desc limit')})"


def _count(connection: sqlite3.Connection, columns: Sequence[SourceColumn], rows: str) -> dict[str, dict[str, int]]:
    """How often each storage class occurs in each column, and integers that no double holds exactly (`inexact`)."""
    found: dict[str, dict[str, int]] = {}
    for some in _slices(columns):
        sums = (f"sum({test})" for column in some for test in _classes(quote(column.name)).values())
        counts = iter(connection.execute(f"select {', '.join(sums)} from {rows}").fetchone())
        for column in some:
            found[column.name] = {kind: int(next(counts) or 0) for kind in (*CLASSES, "inexact")}
    return found


def _classes(name: str) -> dict[str, str]:
    inexact = f"typeof({name}) = 'integer' and {name} not between -{EXACT_IN_DOUBLE} and {EXACT_IN_DOUBLE}"
    return {kind: f"typeof({name}) = '{kind}'" for kind in CLASSES} | {"inexact": inexact}


def _slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """A hundred at a time: SQLite takes 2,000 result columns at most."""
    return (items[start : start + 100] for start in range(0, len(items), 100))


def postgres_type(column: SourceColumn, counts: Counts) -> str:
    """The type that holds most of the values in these storage classes; the declaration decides ties.

    Integers among reals are the same numbers as doubles (SQLite itself stores 1.0 as 1 where the affinity
    is NUMERIC), so `double precision` holds both, but for integers beyond 53 bits.
    """
    usual = declared_type(column)
    if not any(counts[kind] for kind in CLASSES):
        return usual
    weights = {
        BIGINT: counts["integer"],
        DOUBLE: counts["real"] and counts["real"] + counts["integer"] - counts["inexact"],
        TEXT: counts["text"],
        BYTEA: counts["blob"],
    }
    most = max(weights.values())
    return usual if weights.get(usual) == most else next(kind for kind, weight in weights.items() if weight == most)


def declared_type(column: SourceColumn) -> str:
    """The type that the declaration alone suggests, for a column without values."""
    kind = column.declared.upper()
    if column.affinity in PLAIN:
        return PLAIN[column.affinity]
    if "BOOL" in kind:
        return BIGINT
    if "DATE" in kind or "TIME" in kind or not kind:
        return TEXT
    return BYTEA if "BLOB" in kind else DOUBLE


def guard(column: SourceColumn, chosen: str) -> str | None:
    """A SQL condition that is true where a value does not fit, for columns whose misfits the reader cannot see.

    The driver widens as it reads (integers to doubles, numbers to text, text to blobs). Where affinity keeps the
    classes apart that cannot hide anything, elsewhere it could.
    """
    if PLAIN.get(column.affinity) == chosen:
        return None
    name = quote(column.name)
    if chosen == DOUBLE:
        exact = f"{name} between -{EXACT_IN_DOUBLE} and {EXACT_IN_DOUBLE}"
        return f"typeof({name}) in ('text', 'blob') or (typeof({name}) = 'integer' and not {exact})"
    (fitting,) = (kind for kind, type_name in OF_CLASS.items() if type_name == chosen)
    return f"typeof({name}) not in ('{fitting}', 'null')"


def misfit(value: object, chosen: str) -> str | None:
    """Why a value read from SQLite cannot be kept in a column of that type; None when it can.

    Text arrives as `Text` (its bytes undecoded), blobs as bytes.
    """
    if value is None:
        return None
    if isinstance(value, Text):
        if chosen != TEXT:
            return f"text in a column of {chosen}"
        if not value.decodes():
            return "text that is not UTF-8"
        return "text with a NUL character, which PostgreSQL cannot hold" if "\x00" in value.decode() else None
    if isinstance(value, int):
        if chosen == BIGINT:
            return None
        if chosen == DOUBLE:
            return None if abs(value) <= EXACT_IN_DOUBLE else "an integer that a double cannot hold exactly"
        return f"an integer in a column of {chosen}"
    if isinstance(value, float):
        return None if chosen == DOUBLE else f"a real number in a column of {chosen}"
    return None if chosen == BYTEA else f"a blob in a column of {chosen}"


class Text(bytes):
    """Text as SQLite stores it, kept apart from blobs."""

    def decodes(self) -> bool:
        """Whether the bytes are UTF-8."""
        try:
            self.decode()
        except UnicodeDecodeError:
            return False
        return True
