"""Dates and times beyond Python's calendar, whose years go from 1 to 9999: PostgreSQL has others, and infinite ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
import psycopg2.extensions
import pyarrow as pa

DATES = {
    1082: psycopg2.extensions.PYDATE,
    1114: psycopg2.extensions.PYDATETIME,
    1184: psycopg2.extensions.PYDATETIMETZ,
}
Reader = Callable[[str | bytes | None, Any], Any]
INFINITE = ("infinity", "-infinity")


def read_any_date(connection: psycopg2.extensions.connection) -> None:
    """Let a connection give those as the text that PostgreSQL writes, equal to no date of Python's."""
    for number, read in DATES.items():
        kind = psycopg2.extensions.new_type((number,), "ANY_DATE", _reader(read))
        psycopg2.extensions.register_type(kind, connection)


def _reader(read: Reader) -> Reader:
    def any_date(text: str | bytes | None, cursor: Any) -> object:
        if text in INFINITE:
            return text
        try:
            return read(text, cursor)
        except (ValueError, OverflowError, psycopg2.Error):
            return text

    return any_date


def value(scalar: pa.Scalar) -> object:
    """A value of Arrow's as Python has it, or what tells where in time it lies."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return f"{scalar.cast(pa.int32() if pa.types.is_date32(scalar.type) else pa.int64()).as_py():,} since 1970"
