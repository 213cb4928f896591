"""Read a table of the SQLite file into Arrow, exactly, whatever storage classes its columns hold.

The driver reads a window as one batch and takes each column's type from all the values in it. Where that
type could hide a mixture, or is not the wanted one, SQLite is asked, and if need be the window is read
again value by value. Nothing here is shared with the loader's own reader, so that each shows the other's faults.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loader.source import SourceTable, quote

WINDOW = 1 << 15  # rows: some 8 MB of 28 columns
PAGE = 8160  # bytes of a row in PostgreSQL
PAGE_SHARE = 24  # of them that a column takes at most
PART = 2000  # rows that are asked for by their rowids at a time
ROWID = "_rowid"
CLASSES = {pa.int64(): "integer", pa.float64(): "real", pa.string(): "text", pa.binary(): "blob"}
# What the driver infers for a column of that affinity cannot hide another storage class.
CERTAIN = {("INTEGER", pa.int64()), ("NUMERIC", pa.int64()), ("REAL", pa.float64()), ("TEXT", pa.string())}


@dataclass(frozen=True)
class SourceBatch:
    """Rows of the source. `unfit` marks those with a value that the wanted type cannot hold."""

    rowids: pa.Array
    columns: Mapping[str, pa.Array]
    unfit: np.ndarray | None

    def __len__(self) -> int:
        return len(self.rowids)

    def but(self, rowids: np.ndarray) -> SourceBatch:
        """The same without these rows."""
        own = np.asarray(self.rowids)
        near = rowids[(rowids >= own.min()) & (rowids <= own.max())] if len(own) else rowids
        keep = ~np.isin(own, near)
        if keep.all():
            return self
        kept = pa.array(keep)
        columns = {name: column.filter(kept) for name, column in self.columns.items()}
        unfit = None if self.unfit is None else self.unfit[keep]
        return replace(self, rowids=self.rowids.filter(kept), columns=columns, unfit=unfit)


@dataclass(frozen=True)
class Files:
    """The snapshot as Arrow's driver and as Python's own see it."""

    arrow: adbc.Connection
    plain: sqlite3.Connection


@contextmanager
def open_files(uri: str) -> Iterator[Files]:
    """Open an immutable snapshot for reading."""
    with adbc.connect(uri) as arrow, closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as plain:
        yield Files(arrow, plain)


@dataclass(frozen=True)
class Reader:
    """Reads one table with each column as the wanted Arrow type.

    Attributes:
        files: an immutable snapshot, open for both drivers.
        wanted: int64, float64, string or binary for each column.
        without: rowids to leave out.
    """

    files: Files
    table: SourceTable
    wanted: Mapping[str, pa.DataType]
    without: frozenset[int] = frozenset()

    def within(self, ranges: Iterable[tuple[int, int]]) -> Iterator[SourceBatch]:
        """The rows whose rowids lie in these ranges, both ends included."""
        for low, high in ranges:
            yield self._read(
                f"{self._where(f'{self.table.rowid} between {low} and {high}')} order by {self.table.rowid}"
            )

    def windows(self) -> Iterator[SourceBatch]:
        """All rows in the order of their rowids."""
        last: int | None = None
        while True:
            batch = self._read(self._after(last))
            if len(batch):
                last = batch.rowids[-1].as_py()
                yield batch if self.table.has_rowid else batch.but(self._left_out())
            if not self.table.has_rowid or len(batch) < WINDOW:
                return

    def _after(self, last: int | None) -> str:
        """The next window."""
        if not self.table.has_rowid:
            return ""
        where = self._where(*([] if last is None else [f"{self.table.rowid} > {last}"]))
        return f"{where} order by {self.table.rowid} limit {WINDOW}"

    def _where(self, *conditions: str) -> str:
        """Rows to be left out are left out by SQLite, for they spoil the driver's types."""
        without = f"{self.table.rowid} not in ({', '.join(map(str, sorted(self.without)))})"
        wanted = [*conditions, *([without] if self.without else [])]
        return f" where {' and '.join(wanted)}" if wanted else ""

    def _left_out(self) -> np.ndarray:
        return np.fromiter(self.without, np.int64, len(self.without))

    def some(self, rowids: Sequence[int]) -> SourceBatch:
        """Just these rows."""
        if self.table.has_rowid:
            listed = ", ".join(str(rowid) for rowid in rowids)
            return self._read(f" where {self.table.rowid} in ({listed}) order by {self.table.rowid}")
        every = self._read("")
        return every.but(np.setdiff1d(np.asarray(every.rowids), np.asarray(rowids, np.int64)))

    def parts(self, rowids: Sequence[int]) -> Iterator[SourceBatch]:
        """Just these rows, some at a time; all at once where that would mean to read the whole table each time."""
        some = PART if self.table.has_rowid else len(rowids) or 1
        return (self.some(rowids[first : first + some]) for first in range(0, len(rowids), some))

    def stored(self, rowids: Sequence[int], names: Sequence[str]) -> dict[int, dict[str, object]]:
        """These columns of these rows by rowid, as SQLite holds them: texts as `Text`."""
        where = f" where {self.table.rowid} in ({', '.join(map(str, rowids))})" if self.table.has_rowid else ""
        rows = self._rows(f"select {self.table.rowid}, {', '.join(map(quote, names))} from {self.table.scan}{where}")
        wanted = set(rowids)
        return {rowid: dict(zip(names, values, strict=True)) for rowid, *values in rows if rowid in wanted}

    def _read(self, clause: str) -> SourceBatch:
        query = self._query(clause)
        with self.files.arrow.cursor() as cursor:
            # One batch, so that the driver infers the types from all values and never meets a surprise.
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(1 << 30)})
            cursor.execute(query)
            read = cursor.fetch_arrow_table().combine_chunks()
        columns: dict[str, pa.Array] = {}
        doubtful: list[str] = []
        for place, column in enumerate(self.table.columns, 1):
            values = read.column(place)
            values = values.chunk(0) if values.num_chunks else pa.nulls(0, values.type)
            wanted = self.wanted[column.name]
            if values.null_count == len(values):
                values = pa.nulls(len(values), wanted)
            elif wanted == pa.float64() and values.type == pa.int64():
                values = values.cast(wanted, safe=False)  # those that this changes are among the doubtful
                doubtful.append(_misfit(quote(column.name), wanted))
            elif values.type != wanted or not _is_text_of_postgresql(values):
                return self._read_values(query)
            elif (column.affinity, wanted) not in CERTAIN:
                doubtful.append(_misfit(quote(column.name), wanted))
            columns[column.name] = values
        if doubtful and self._holds(clause, doubtful):
            return self._read_values(query)
        rowids = read.column(0)
        empty = pa.nulls(0, pa.int64())
        return SourceBatch(rowids.chunk(0) if len(rowids) else empty, columns, _too_wide(columns))

    def _query(self, clause: str) -> str:
        listed = "".join(f", {quote(column.name)}" for column in self.table.columns)
        return f'select {self.table.rowid} as "{ROWID}"{listed} from {self.table.scan}{clause}'

    def _holds(self, clause: str, conditions: Iterable[str]) -> bool:
        inner = f"select * from {self.table.scan}{clause}"
        found = self.files.plain.execute(f"select 1 from ({inner}) where {' or '.join(conditions)} limit 1")
        return found.fetchone() is not None

    def _read_values(self, query: str) -> SourceBatch:
        rows = self._rows(query)
        unfit = np.zeros(len(rows), bool)
        columns: dict[str, pa.Array] = {}
        for place, column in enumerate(self.table.columns, 1):
            wanted = self.wanted[column.name]
            values: list[object] = []
            for number, row in enumerate(rows):
                try:
                    values.append(fit(row[place], wanted))
                except (ValueError, OverflowError):
                    values.append(None)
                    unfit[number] = True
            columns[column.name] = pa.array(values, wanted)
        wide = _too_wide(columns)
        return SourceBatch(
            pa.array([row[0] for row in rows], pa.int64()), columns, unfit if wide is None else unfit | wide
        )

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        cursor = self.files.plain.cursor()
        self.files.plain.text_factory = Text
        try:
            return cursor.execute(query).fetchall()
        finally:
            self.files.plain.text_factory = str


def _misfit(name: str, wanted: pa.DataType) -> str:
    """The condition for a value that the type does not hold: a double holds whole numbers of 53 bits."""
    if wanted == pa.float64():
        whole = f"typeof({name}) = 'integer' and {name} not between -{1 << 53} and {1 << 53}"
        return f"typeof({name}) in ('text', 'blob') or {whole}"
    return f"typeof({name}) not in ('{CLASSES[wanted]}', 'null')"


def _too_wide(columns: Mapping[str, pa.Array]) -> np.ndarray | None:
    """Rows that no page of PostgreSQL holds: 8,160 bytes, with a pointer of 18 for each value of more than 23."""
    if len(columns) * PAGE_SHARE <= PAGE:
        return None
    rows = len(next(iter(columns.values())))
    nulls = sum(np.asarray(column.is_null()).astype(int) for column in columns.values())
    width = np.zeros(rows, int)
    for column in columns.values():
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            size = np.asarray(pc.binary_length(column.cast(pa.binary())).fill_null(-1)) + 1
            width += np.where(size > 24, 18, size)
        else:
            width = np.where(np.asarray(column.is_valid()), -(-width // 8) * 8 + 8, width)
    head = 23 + np.where(nulls > 0, (len(columns) + 9) // 8, 0)  # of the two columns that raw adds, too
    wide: np.ndarray = -(-head // 8) * 8 + -(-width // 8) * 8 + 16 > PAGE
    return wide if wide.any() else None


def _is_text_of_postgresql(values: pa.Array) -> bool:
    """UTF-8 without a NUL, if it is text at all; the driver itself does not look."""
    if not pa.types.is_string(values.type) or _is_ascii(values):
        return True
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return not pc.any(pc.match_substring(values, "\x00")).as_py()


def _is_ascii(values: pa.Array) -> bool:
    """Whether all bytes of a text are 1 to 127: most are, and to see it takes a twentieth of a look at each value."""
    _, offsets, data = values.buffers()
    if data is None:
        return True
    ends = np.frombuffer(offsets, np.int32, len(values) + 1, values.offset * 4)
    of_texts = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return bool((of_texts - np.uint8(1) < 127).all())


class Text(bytes):
    """Text as stored, told apart from a blob."""


def fit(value: object, wanted: pa.DataType) -> object:
    """The value as the wanted type.

    Raises:
        ValueError, OverflowError: when that would lose anything.
    """
    if value is None:
        return None
    if isinstance(value, Text):
        if wanted == pa.string() and value.find(b"\x00") < 0:
            return value.decode()
    elif isinstance(value, bytes):
        if wanted == pa.binary():
            return value
    elif isinstance(value, int):
        if wanted == pa.int64():
            return value
        if wanted == pa.float64() and int(float(value)) == value:
            return float(value)
    elif isinstance(value, float) and wanted == pa.float64():
        return value
    raise ValueError(f"{value!r} does not fit {wanted}")
