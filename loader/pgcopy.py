"""Arrow tables as PostgreSQL's binary COPY, column by column in NumPy.

A driver that writes value by value spends as much time on a window as the server does; here each column of
a few thousand rows is one copy of its bytes to where the rows want them. The format is
https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import numpy as np
import psycopg2
import pyarrow as pa
from numpy.typing import NDArray
from psycopg2 import extensions as psycopg

from loader.file_format.btree import Bytes, Numbers, items, move
from loader.source import quote

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = np.array([-1], ">i4").view("V4")
WIDE = np.dtype([("length", ">i4"), ("value", ">u8")])  # a bigint or a double precision, with its length before it
MOST = 1 << 21  # bytes of rows that are encoded together


class _LastWords(threading.local):
    """What the server said as it ended the connection of this thread amid a COPY."""

    error: BaseException | None = None


_heard = _LastWords()


@contextmanager
def hearing() -> Iterator[None]:
    """Have `copy` raise why a server ended its connection: psycopg2 prints that, as an error of Python."""

    def hear(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error.__cause__, psycopg2.Error):
            _heard.error = error.__cause__
        else:
            before(kind, error, trace)

    before, sys.excepthook = sys.excepthook, hear
    try:
        yield
    finally:
        sys.excepthook = before


def copy(cursor: psycopg.cursor, relation: str, rows: pa.Table) -> None:
    """Append rows to a relation that has columns of these names.

    Raises:
        psycopg2.Error: the server's reason, also if it was its last word (then only while `hearing`).
    """
    listed = ", ".join(map(quote, rows.column_names))
    try:
        cursor.copy_expert(f"copy {relation} ({listed}) from stdin (format binary)", Stream(rows))
    except psycopg2.OperationalError:
        if _heard.error is None:
            raise
        said, _heard.error = _heard.error, None
        raise said from None


class Stream:
    """A binary COPY of a table as a file to read from, in pieces of any size.

    Args:
        table: columns of int64, float64, string and binary.
    """

    def __init__(self, table: pa.Table) -> None:
        self._pieces = _pieces(table.combine_chunks())

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
    columns = [Fields(column.chunk(0)) for column in table.columns]
    length = np.full(table.num_rows, 2)  # before each row stand two bytes: how many fields it has
    places = []
    for column in columns:
        places.append(length)
        length = length + column.sizes
    starts = np.cumsum(length) - length
    out = np.empty(length.sum(), np.uint8)
    items(out, "V2")[starts] = np.array([len(columns)], ">i2").view("V2")
    for column, place in zip(columns, places, strict=True):
        column.write(out, starts + place)
    return out.tobytes()


class Fields:
    """The fields of one column: each a length of four bytes and then the value, or -1 for NULL."""

    def __init__(self, array: pa.Array) -> None:
        validity, first, second = [*array.buffers(), None][:3]
        self.null: NDArray[np.bool_] | None = None
        if array.null_count:
            bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
            self.null = bits[array.offset : array.offset + len(array)] == 0
        self.fixed = pa.types.is_int64(array.type) or pa.types.is_float64(array.type)
        if self.fixed:
            self.words = np.frombuffer(first, np.uint64, len(array), array.offset * 8)
            self.sizes = np.full(len(array), WIDE.itemsize)
        else:
            bounds = np.frombuffer(first, np.int32, len(array) + 1, array.offset * 4).astype(np.int64)
            self.begins, self.sizes = bounds[:-1], np.diff(bounds) + 4
            self.content = np.frombuffer(second or b"", np.uint8)
        if self.null is not None:
            self.sizes[self.null] = 4

    def write(self, out: Bytes, places: Numbers) -> None:
        if self.fixed:
            fields = np.empty(len(self.words), WIDE)
            fields["length"], fields["value"] = 8, self.words
            written = slice(None) if self.null is None else ~self.null
            items(out, "V12")[places[written]] = fields.view("V12")[written]
        else:
            items(out, "V4")[places] = (self.sizes - 4).astype(">i4").view("V4")
            move(self.content, self.begins, out, places + 4, self.sizes - 4)
        if self.null is not None:
            items(out, "V4")[places[self.null]] = NULL
