"""Read one window of a SQLite table into Arrow, exactly, and set background the rows that do not fit.

The ordinary window is decoded from its pages. What is out of the ordinary the driver reads, in one batch: it infers
each column's type from all the values, so the type it arrives at shows whether anything unexpected was among them.
Only then is the window read value by value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

import adbc_driver_sqlite
import numpy as np
import pyarrow as pa
import xxhash
from adbc_driver_manager import AdbcConnection, AdbcStatement

from loader import types
from loader.file_format.records import ARROW, NUMBERS, array, decode
from loader.plan import Column, TablePlan, Window
from loader.row_width import LARGEST, row_widths
from loader.snapshot import Snapshot
from quant.errors import UserError

LARGEST_BATCH = 1 << 30
LARGEST_COLUMN = (1 << 31) - 1  # bytes of a text or blob column in one window: beyond it Arrow's offsets turn negative
WHOLE_ROW = "*"  # in the place of the column that is to blame
PLAIN_NUMBER = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be kept as its columns: which value is to blame, why, and the whole row."""

    rowid: int
    column: str
    value: str
    reason: str
    row: str


@dataclass(frozen=True)
class Content:
    """What a window holds: the rows that fit, those that do not, and a fingerprint of both."""

    rows: pa.Table
    rejected: tuple[Rejected, ...]
    fingerprint: str


def read(snapshot: Snapshot, table: TablePlan, window: Window) -> Content:
    """Read a window; `rows` has `_rowid` and then the columns in the plan's order and types."""
    rows = _read_arrow(snapshot, table, window)
    rejected: tuple[Rejected, ...] = ()
    if rows is None:
        rows, rejected = _read_values(snapshot, table, window)
    return Content(rows, rejected, _fingerprint(rows, rejected))


def _read_arrow(snapshot: Snapshot, table: TablePlan, window: Window) -> pa.Table | None:
    """The window as its pages tell, or the driver; None when something in it does not fit its column."""
    read = decode(snapshot, table, window)
    if read is None:
        _expect_room(snapshot, table, window)
        read = _drive(snapshot, table, window)
    if read is None:
        return None
    fitted = [read[0]]
    for column, values in zip(table.columns, read[1:], strict=True):
        fitting = _fit(values, column)
        if fitting is None:
            return None
        fitted.append(fitting)
    if (row_widths(fitted[1:]) > LARGEST).any():
        return None
    return pa.Table.from_arrays(fitted, schema=_schema(table.columns))


def _expect_room(snapshot: Snapshot, table: TablePlan, window: Window) -> None:
    """Refuse what the driver would write beyond its memory; a file of half that size cannot hold it."""
    if snapshot.path.stat().st_size <= LARGEST_COLUMN // 2:
        return
    with closing(snapshot.connect()) as connection:
        sizes = connection.execute(table.sizes(window)).fetchone()
    for column, size in zip(table.columns, sizes, strict=True):
        if (size or 0) > LARGEST_COLUMN:
            raise UserError(
                f"Column {column.source} of {table.source.name} holds {size:,} bytes in the rows {window.low} to "
                f"{window.high}, more than can be read together: make them fewer with --batch-size."
            )


def _drive(snapshot: Snapshot, table: TablePlan, window: Window) -> list[pa.Array] | None:
    """The columns as the driver infers them, or None where it would widen some value unseen."""
    if guard := table.guard(window):
        with closing(snapshot.connect()) as connection:
            if connection.execute(guard).fetchone():
                return None
    with (
        adbc_driver_sqlite.connect(snapshot.uri) as database,
        AdbcConnection(database) as connected,
        AdbcStatement(connected) as statement,
    ):
        statement.set_options(**{"adbc.sqlite.query.batch_rows": str(LARGEST_BATCH)})
        statement.set_sql_query(table.select(window))
        stream, _ = statement.execute_query()
        columns = pa.RecordBatchReader.from_stream(stream).read_all().columns
        return [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in columns]


def _fit(values: pa.Array, column: Column) -> pa.Array | None:
    wanted = ARROW[column.type]
    if values.type != wanted:
        if values.null_count == len(values):
            return pa.nulls(len(values), wanted)
        if not (wanted == pa.float64() and values.type == pa.int64()):
            return None
        return values.cast(wanted)  # the guard has seen that every integer is exact as a double
    if wanted == pa.string() and not _is_clean_text(values):
        return None
    return values


def _is_clean_text(values: pa.Array) -> bool:
    """UTF-8 throughout and no NUL: looked for in the buffer, without a Python object for each value."""
    content = bytes(values.buffers()[2] or b"")
    if b"\0" in content:
        return False
    if not content.isascii():
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            return False
    return True


def _schema(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema([("_rowid", pa.int64()), *((column.target, ARROW[column.type]) for column in columns)])


def _read_values(snapshot: Snapshot, table: TablePlan, window: Window) -> tuple[pa.Table, tuple[Rejected, ...]]:
    good: list[Sequence[object]] = []
    rejected: list[Rejected] = []
    kinds = [column.type for column in table.columns]
    with closing(snapshot.connect()) as connection:
        connection.text_factory = types.Text
        for row in connection.execute(table.select(window)):
            for column, kind, value in zip(table.columns, kinds, row[1:], strict=True):
                if reason := types.misfit(value, kind):
                    rejected.append(
                        Rejected(row[0], column.source, _shown(value), reason, _as_json(table.columns, row[1:]))
                    )
                    break
            else:
                good.append(row)
    arrays = _arrays(good, kinds)
    widths = row_widths(arrays[1:])
    if (widths > LARGEST).any():
        reason = f"more than the {LARGEST:,} that a page of PostgreSQL holds of a row"
        for row, width in zip(good, widths.tolist(), strict=True):
            if width > LARGEST:
                told, whole = f"{width:,} bytes", _as_json(table.columns, row[1:])
                rejected.append(Rejected(cast(int, row[0]), WHOLE_ROW, told, reason, whole))
        rejected.sort(key=lambda row: row.rowid)
        arrays = _arrays([row for row, width in zip(good, widths.tolist(), strict=True) if width <= LARGEST], kinds)
    return pa.Table.from_arrays(arrays, schema=_schema(table.columns)), tuple(rejected)


def _arrays(rows: Sequence[Sequence[object]], kinds: Sequence[str]) -> list[pa.Array]:
    """Rowids and columns of rows, as read value by value."""
    columns = list(zip(*rows, strict=True)) or [()] * (1 + len(kinds))
    return [_arrow(values, kind) for values, kind in zip(columns, [types.BIGINT, *kinds], strict=True)]


def _arrow(values: Sequence[Any], kind: str) -> pa.Array:
    """An array without `pa.array`, which imports pandas to ask whether it was given any of its objects."""
    valid = np.array([value is not None for value in values], np.bool_)
    if kind in NUMBERS:
        return array(ARROW[kind], valid, np.array([0 if value is None else value for value in values], NUMBERS[kind]))
    ends = np.cumsum([0, *(len(value or b"") for value in values)]).astype(np.int32)
    return array(ARROW[kind], valid, ends, np.frombuffer(b"".join(value or b"" for value in values), np.uint8))


def _shown(value: object) -> str:
    """A value as a person would recognise it, at most 200 characters."""
    if isinstance(value, types.Text):
        return value.decode(errors="backslashreplace").replace("\x00", "\\0")[:200]
    return (f"x'{value.hex()}'" if isinstance(value, bytes) else repr(value))[:200]


def _as_json(columns: Sequence[Column], values: Sequence[object]) -> str:
    return json.dumps(
        {column.source: _jsonable(value) for column, value in zip(columns, values, strict=True)}, ensure_ascii=False
    )


def _jsonable(value: object) -> object:
    """JSON that loses nothing: what it has no word for becomes an object that names the storage class."""
    if isinstance(value, types.Text):
        return {"text": value.hex()} if types.misfit(value, types.TEXT) else value.decode()
    if isinstance(value, bytes):
        return {"blob": value.hex()}
    if isinstance(value, float) and (repr(value) == "-0.0" or not PLAIN_NUMBER.fullmatch(repr(value))):
        return {"real": repr(value)}  # jsonb knows no infinity and no -0.0, and would write 1e16 as an integer
    return value


def _fingerprint(rows: pa.Table, rejected: tuple[Rejected, ...]) -> str:
    digester = xxhash.xxh3_128(str(rows.schema).encode())
    for column in rows.columns:
        for chunk in column.chunks:
            for buffer in chunk.buffers():
                digester.update(buffer if buffer is not None else b"-")
    digester.update(repr(rejected).encode())
    return digester.hexdigest()
