"""Read a window straight from the records in its pages, when every one of them is as the plan expects it.

SQLite's own reading goes value by value; NumPy takes a column of all rows of the window at a time, for a quarter of
the time. What is unusual in any way is not judged here: the window is then left to SQLite.
The format is https://www.sqlite.org/fileformat2.html#record_format.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from loader import types
from loader.file_format.btree import Bytes, Numbers, Pages, cells, items, move, varints
from loader.plan import TablePlan, Window
from loader.snapshot import Snapshot

MOST = 1 << 26  # bytes of pages: a window of larger rows would lie in memory twice
NULL, LONG, REAL, ZERO, ONE, BLOB = 0, 6, 7, 8, 9, 12  # serial types; from BLOB on even ones are blobs, odd ones texts
SIZES = np.concatenate(([0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0], np.arange(1 << 17) >> 1))  # of all that a page can hold
# Integers as NumPy reads them: the leading bytes with the sign, and those that follow.
INTEGERS = {1: (">i1", ""), 2: (">i2", ""), 3: (">i1", ">u2"), 4: (">i4", ""), 5: (">i2", ">u4"), LONG: (">i8", "")}
NUMBERS = {types.BIGINT: np.int64, types.DOUBLE: np.float64}
ARROW = {types.BIGINT: pa.int64(), types.DOUBLE: pa.float64(), types.TEXT: pa.string(), types.BYTEA: pa.binary()}


class _UnusualError(Exception):
    """Something that is SQLite's to read."""


def decode(snapshot: Snapshot, table: TablePlan, window: Window) -> list[pa.Array] | None:
    """The rowids and the columns of a window, or None where something in it is out of the ordinary."""
    try:
        return _decode(snapshot, table, window)
    except (_UnusualError, IndexError):  # a place outside the pages: what lies there is no sound record
        return None


def _decode(snapshot: Snapshot, table: TablePlan, window: Window) -> list[pa.Array]:
    source = table.source
    _expect(source.has_rowid and not source.computes)
    with snapshot.path.open("rb") as file:
        pages = Pages(file.fileno())
        leaves = [leaf for some in pages.leaves(source.root, window.low, window.high) for leaf in some]
        length = len(leaves) * pages.size
        _expect(pages.is_utf8 and length <= MOST)
        # A header that lists fewer columns than the plan is read beyond its end before that shows.
        content = np.frombuffer(pages.read(leaves) + bytes(9 * len(table.columns) + 9), np.uint8)
    rows = cells(content[:length], pages.size)
    within = slice(np.searchsorted(rows.rowid, window.low), np.searchsorted(rows.rowid, window.high, "right"))
    at, size, rowid = rows.at[within], rows.size[within], rows.rowid[within]
    _expect((size <= pages.largest_local).all())
    arrays = [array(pa.int64(), np.ones(len(rowid), np.bool_), rowid)]
    fields = _fields(content, at, size, len(table.columns))
    for column, declared, (kind, place) in zip(table.columns, source.columns, fields, strict=True):
        if declared.name == source.rowid_column:
            _expect(column.type == types.BIGINT and not kind.any())
            arrays.append(arrays[0])
        else:
            # SQLite makes reals of the integers that it keeps in a REAL column.
            _expect(declared.affinity != "REAL" or column.type == types.DOUBLE)
            arrays.append(_column(content, kind, place, column.type))
    return arrays


def _expect(usual: bool | np.bool_) -> None:
    if not usual:
        raise _UnusualError


def _fields(content: Bytes, at: Numbers, size: Numbers, columns: int) -> list[tuple[NDArray[Any], Numbers]]:
    """The serial types of each column and the places of its values, in records that hold just these columns."""
    header, place = varints(content, at)
    body = at + header
    kinds, place = _kinds(content, place, columns)
    fields = []
    for kind in kinds:
        fields.append((kind, body))
        body = body + SIZES.take(kind, mode="clip")
    _expect((place == at + header).all() and (body == at + size).all())
    return fields


def _kinds(content: Bytes, place: Numbers, columns: int) -> tuple[list[NDArray[Any]], Numbers]:
    """The serial types of each column, and where they end: one byte each, read in one go, unless some text is long."""
    heads = items(content, f"V{columns}")[place].view(np.uint8).reshape(len(place), columns)
    if (heads < 0x80).all():
        return list(np.ascontiguousarray(heads.T)), place + columns
    kinds: list[NDArray[Any]] = []
    for _ in range(columns):
        kind, place = varints(content, place)
        kinds.append(kind)
    return kinds, place


def _column(content: Bytes, kind: NDArray[Any], place: Numbers, wanted: str) -> pa.Array:
    if not kind.any():
        return pa.nulls(len(kind), ARROW[wanted])
    if wanted in NUMBERS:
        return _numbers(content, kind, place, wanted)
    lengths = np.where(kind == NULL, 0, SIZES.take(kind, mode="clip"))
    _expect(((kind == NULL) | (kind >= BLOB) & (kind & 1 == (wanted == types.TEXT))).all())
    ends = np.cumsum(np.append(0, lengths))
    values = np.empty(ends[-1], np.uint8)
    move(content, place, values, ends[:-1], lengths)
    return array(ARROW[wanted], kind != NULL, ends.astype(np.int32), values)


def _numbers(content: Bytes, kind: NDArray[Any], place: Numbers, wanted: str) -> pa.Array:
    """Integers and reals; an integer of eight bytes may be more than a real can hold."""
    _expect(kind.min() >= NULL and kind.max() <= ONE)
    values = np.zeros(len(kind), NUMBERS[wanted])
    how_many = np.bincount(kind)
    kind = kind.astype(np.uint8, copy=False)  # quicker to compare
    for one in np.flatnonzero(how_many).tolist():
        rows = slice(None) if how_many[one] == len(kind) else np.flatnonzero(kind == one)
        if one in INTEGERS and (one != LONG or wanted == types.BIGINT):
            values[rows] = _integers(content, place[rows], *INTEGERS[one])
        elif one == REAL and wanted == types.DOUBLE:
            values[rows] = items(content, ">f8")[place[rows]]
            _expect(not np.isnan(values).any())  # which SQLite reads as NULL
        elif one == ONE:
            values[rows] = 1
        else:
            _expect(one in (NULL, ZERO))
    return array(ARROW[wanted], kind != NULL, values)


def _integers(content: Bytes, place: Numbers, first: str, rest: str) -> Numbers:
    leading: Numbers = items(content, first)[place].astype(np.int64)
    if not rest:
        return leading
    following: Numbers = items(content, rest)[place + np.dtype(first).itemsize].astype(np.int64)
    return leading << 8 * np.dtype(rest).itemsize | following


def array(kind: pa.DataType, valid: NDArray[np.bool_], *buffers: NDArray[Any]) -> pa.Array:
    """An array laid out as the driver does it, byte for byte."""
    validity = np.packbits(valid, bitorder="little")
    return pa.Array.from_buffers(kind, len(valid), [pa.py_buffer(buffer) for buffer in (validity, *buffers)])
