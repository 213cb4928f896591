"""Arrow tables as PostgreSQL's binary COPY, column by column in NumPy.

A driver that writes value by value spends as much time on a window as the server does; here each column of
a few thousand rows is one copy of its bytes to where the rows want them. The format is
https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = np.array([-1], ">i4").view("V4")
WIDE = np.dtype([("length", ">i4"), ("value", ">u8")])  # a bigint or a double precision, with its length before it
MOST = 1 << 20  # bytes of rows that are encoded together

Places = NDArray[np.int64]


class Stream:
    """A binary COPY of a table as a file to read from, in pieces of any size.

    Args:
        table: columns of int64, float64, string and binary.
    """

    def __init__(self, table: pa.Table) -> None:
        self._pieces = _pieces(table)

    def read(self, _size: int = -1, /) -> bytes:
        """The next piece; empty at the end."""
        return next(self._pieces, b"")

    readline = read  # psycopg2's type of a file has it, though a COPY never calls it


def _pieces(table: pa.Table) -> Iterator[bytes]:
    yield HEADER
    rows = max(1, MOST * table.num_rows // max(table.nbytes, 1))
    for start in range(0, table.num_rows, rows):
        yield _encode(table.slice(start, rows))
    yield TRAILER


def _encode(table: pa.Table) -> bytes:
    columns = [_Column(column) for column in table.columns]
    ends = np.cumsum([column.sizes for column in columns], axis=0, dtype=np.int64)
    rows = np.concatenate(([0], np.cumsum(ends[-1] + 2)))  # two bytes before each row: how many fields it has
    out = np.empty(rows[-1], np.uint8)
    starts = rows[:-1]
    _at(out, 2)[starts] = np.array([len(columns)], ">i2").view("V2")
    for number, column in enumerate(columns):
        column.write(out, starts + 2 + (ends[number - 1] if number else 0))
    return out.tobytes()


class _Column:
    """The fields of one column: each a length of four bytes and then the value, or -1 for NULL."""

    def __init__(self, chunked: pa.ChunkedArray) -> None:
        array = chunked.combine_chunks()
        self.valid = np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        self.fixed = pa.types.is_int64(array.type) or pa.types.is_float64(array.type)
        _, first, second = [*array.buffers(), None][:3]
        if self.fixed:
            self.words = np.frombuffer(first, np.uint64, len(array), array.offset * 8)
            lengths = np.full(len(array), 8)
        else:
            bounds = np.frombuffer(first, np.int32, len(array) + 1, array.offset * 4).astype(np.int64)
            self.begins, lengths = bounds[:-1], np.diff(bounds)
            self.content = np.frombuffer(second or b"", np.uint8)
        self.lengths = np.where(self.valid, lengths, 0)
        self.sizes = self.lengths + 4

    def write(self, out: NDArray[np.uint8], places: Places) -> None:
        _at(out, 4)[places[~self.valid]] = NULL
        if self.fixed:
            fields = np.empty(len(self.words), WIDE)
            fields["length"], fields["value"] = 8, self.words
            _at(out, 12)[places[self.valid]] = fields.view("V12")[self.valid]
        else:
            _at(out, 4)[places[self.valid]] = self.lengths[self.valid].astype(">i4").view("V4")
            self._write_values(out, places + 4)

    def _write_values(self, out: NDArray[np.uint8], places: Places) -> None:
        """Values of one length are copied together."""
        order = np.argsort(self.lengths, kind="stable")
        lengths, first = np.unique(self.lengths[order], return_index=True)
        for length, some in zip(lengths.tolist(), np.split(order, first[1:]), strict=True):
            if length:
                _at(out, length)[places[some]] = _at(self.content, length)[self.begins[some]]


def _at(content: NDArray[np.uint8], length: int) -> NDArray[Any]:
    """The same bytes seen as an item of that length at every place."""
    if len(content) < length:
        return np.empty(0, f"V{length}")
    return np.ndarray((len(content) - length + 1,), f"V{length}", content, strides=(1,))
