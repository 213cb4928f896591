"""What a run will do, worked out before anything is touched.

The dry run prints this plan and the real run executes it: there is no second way.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from loader import types
from loader.file_format.pages import Stored, stored
from loader.source import SourceTable, not_utf8, quote, tables
from quant.errors import UserError
from quant.text import meant

DLT_TABLES = ("_dlt_loads", "_dlt_version", "_dlt_pipeline_state")
RESERVED_TABLES = ("_loads", "_removed", "_tables", "_windows", "rejected_rows", *DLT_TABLES)
OWN_COLUMNS = ("_rowid", "_load_id")
# The names that models use beside a table's columns, and PostgreSQL's own in every table.
FORBIDDEN_COLUMNS = (
    *OWN_COLUMNS,
    *("_parent_load_id", "_rank", "_reason", "source_rowid"),
    *("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"),
)
MOST_COLUMNS = 1600  # of a table in PostgreSQL, those that were dropped among them
LARGEST_ROWID = (1 << 63) - 1
LONGEST_NAME = 63  # bytes of an identifier that PostgreSQL keeps
WINDOW_BITS = 15  # 32,768 rowids a window: each of the four in memory stays near 15 MB with 28 columns


@dataclass(frozen=True)
class Column:
    """A source column and where it arrives."""

    source: str
    target: str
    type: str
    guard: str | None


@dataclass(frozen=True)
class Window:
    """A range of rowids, both ends included, with its number of rows and the digest of its pages, if they have one."""

    low: int
    high: int
    rows: int
    pages: str | None = None


@dataclass(frozen=True)
class TablePlan:
    """One table: how it is read, in which windows, and how it stands in `raw`."""

    source: SourceTable
    target: str
    columns: tuple[Column, ...]
    windows: tuple[Window, ...]

    @property
    def rows(self) -> int:
        return sum(window.rows for window in self.windows)

    def select(self, window: Window) -> str:
        """The query that reads a window: `_rowid` first, then the columns under their target names."""
        listed = ", ".join(f"{quote(column.source)} as {quote(column.target)}" for column in self.columns)
        return f'select {self.source.rowid} as "_rowid"{", " if listed else ""}{listed} from {self._from(window)}'

    def guard(self, window: Window) -> str | None:
        """The query that returns a row if the window holds a value that the driver would silently widen."""
        conditions = [f"({column.guard})" for column in self.columns if column.guard]
        if not conditions:
            return None
        link = "and" if self.source.has_rowid else "where"
        return f"select 1 from {self._from(window)} {link} ({' or '.join(conditions)}) limit 1"

    def sizes(self, window: Window) -> str:
        """The query that tells how many bytes each column holds in a window."""
        sums = (f"sum(length(cast({quote(column.source)} as blob)))" for column in self.columns)
        return f"select {', '.join(sums)} from {self._from(window)}"

    def _from(self, window: Window) -> str:
        if not self.source.has_rowid:
            return self.source.scan
        return f"{self.source.scan} where {self.source.rowid} between {window.low} and {window.high}"


@dataclass(frozen=True)
class Plan:
    """All tables of a run, the largest first so that the work ends evenly.

    `refused` are those that no load can bring: sentences by the name in the target.
    """

    tables: tuple[TablePlan, ...]
    window_bits: int
    refused: Mapping[str, str]

    @property
    def window_width(self) -> int:
        """The distance from a window's lowest rowid to its highest."""
        return (1 << self.window_bits) - 1

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def make(
    connection: sqlite3.Connection,
    only: Collection[str] = (),
    exclude: Collection[str] = (),
    window_bits: int = WINDOW_BITS,
) -> Plan:
    """Plan the load of an open source.

    Args:
        connection: a snapshot of the source.
        only: names of the tables to take; all of them when empty.
        exclude: names of tables to leave out.
        window_bits: a window covers 2**window_bits rowids.

    Raises:
        UserError: for a name that is not in the file, or names that collide in the target.
    """
    found, misspelt = tables(connection), not_utf8(connection)
    names = {table.name for table in found} | {*misspelt}
    if unknown := [wanted for wanted in dict.fromkeys((*only, *exclude)) if wanted not in names]:
        listed = ", ".join(sorted(names)) or "none"
        near = ", ".join(f"{wanted!r}{meant(wanted, names)}" for wanted in unknown)
        raise UserError(f"There is no table {near} in the source; it has {listed}.")
    chosen = {name for name in names if (not only or name in only) and name not in exclude}
    if names and not chosen:
        raise UserError("No table is left to load: all that --tables names, --exclude leaves out. Name others.")
    refuse_collisions("tables", {table.name: target_name(table.name) for table in found})
    refused = {name: not_loaded(name, "its name, or one of its columns', is not UTF-8: rename it") for name in misspelt}
    for table in found:
        if len(table.columns) > MOST_COLUMNS - len(OWN_COLUMNS):
            refused[target_name(table.name)] = too_many_columns(table)
    plans = [
        _plan(connection, t, window_bits) for t in found if t.name in chosen and target_name(t.name) not in refused
    ]
    told = {name: why for name, why in refused.items() if name in chosen}
    return Plan(tuple(sorted(plans, key=lambda plan: -plan.rows)), window_bits, told)


def not_loaded(table: str, why: str) -> str:
    """The sentence for a table that is left out of a load."""
    return f"Table {table} is not loaded: {why}."


def too_many_columns(table: SourceTable) -> str:
    """The sentence for a table that no table of raw can hold, together with what that has already."""
    return not_loaded(
        table.name,
        f"its {len(table.columns):,} columns, the {len(OWN_COLUMNS)} of the loader and those that raw has had before "
        f"are more than the {MOST_COLUMNS:,} of a table in PostgreSQL: split it",
    )


def _plan(connection: sqlite3.Connection, table: SourceTable, window_bits: int) -> TablePlan:
    chosen_types = types.choose(connection, table)
    columns = []
    for column in table.columns:
        chosen = chosen_types[column.name]
        target = target_name(column.name, FORBIDDEN_COLUMNS)
        columns.append(Column(column.name, target, chosen, types.guard(column, chosen)))
    refuse_collisions(f"columns of {table.name}", {c.source: c.target for c in columns})
    windows = _windows(connection, table, window_bits, repr(columns))
    return TablePlan(table, target_name(table.name), tuple(columns), tuple(windows))


def _windows(connection: sqlite3.Connection, table: SourceTable, bits: int, reading: str) -> Iterator[Window]:
    if not table.has_rowid:
        (rows,) = connection.execute(table.count).fetchone()
        if rows:
            yield Window(0, LARGEST_ROWID, rows)
        return
    found = stored(connection, table, bits, reading)
    if found is None:
        grouped = f"select {table.rowid} >> {bits}, count(*) from {table.scan} group by 1 order by 1"
        found = {number: Stored(rows, None) for number, rows in connection.execute(grouped)}
    for number, window in found.items():
        low = number << bits
        yield Window(low, low + (1 << bits) - 1, window.rows, window.digest)


def target_name(name: str, forbidden: Collection[str] = RESERVED_TABLES) -> str:
    """The name in PostgreSQL: the same, but too long, empty and forbidden ones get the first 8 digits of their hash.

    PostgreSQL would cut a name over 63 bytes silently, knows no empty one, and keeps `xmin` and its like for itself.
    """
    raw = name.encode()
    if raw and len(raw) <= LONGEST_NAME and name not in forbidden:
        return name
    tail = "_" + hashlib.sha256(raw).hexdigest()[:8]
    return raw[: LONGEST_NAME - len(tail)].decode(errors="ignore") + tail


def refuse_collisions(what: str, names: dict[str, str]) -> None:
    """Raise when two names of the source become one in the target."""
    seen: dict[str, str] = {}
    for source, target in names.items():
        if target in seen:
            raise UserError(f"The {what} {seen[target]!r} and {source!r} would both become {target!r}: rename one.")
        seen[target] = source
