"""Statements, rows and frames over the pool."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import local
from time import monotonic
from typing import Any, TypeVar

import pandas as pd

from quant import frames
from quant.errors import ConnectionLost, InvalidValue, NotHere, PoolTimeout
from quant.literals import MISFIT, Params, plain_params, render
from quant.pool import Pool
from quant.refusals import told
from quant.standbys import Standbys

AT_A_TIME = 2000  # rows of a stream
COPYABLE = re.compile(r"(\s|\(|--[^\n]*\n|/\*.*?\*/)*(select|with|values|table)\b", re.IGNORECASE | re.DOTALL)

Row = dict[str, Any]
T = TypeVar("T", list[dict[str, Any]], pd.DataFrame)


@dataclass(frozen=True)
class Measured:
    """What one call took: seconds in line, seconds of work, rows."""

    wait: float
    duration: float
    rows: int


@dataclass(frozen=True)
class LastUpdate:
    """Of the last `execute_update` of this thread: rows, and what PostgreSQL says it did, such as `INSERT 0 1`."""

    rowcount: int = 0
    statusmessage: str = ""


def run(cursor: Any, query: str, params: Params) -> None:
    """Execute with parameters made plain; none at all where there are none."""
    values = plain_params(params)
    try:
        cursor.execute(query, values)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise InvalidValue(MISFIT.format(error)) from error


def fetched(cursor: Any) -> list[Row]:
    """All rows as dicts; none for a statement that has none."""
    if cursor.description is None:
        return []
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def frame_of(cursor: Any) -> pd.DataFrame:
    """All rows as a frame."""
    description = cursor.description or ()
    rows = cursor.fetchall() if description else []
    return frames.from_rows(
        [c.name for c in description], [frames.OIDS.get(c.type_code, "") for c in description], rows
    )


class Statements:
    """Runs statements: each on a connection of the pool, and committed by itself."""

    _pool: Pool
    _standbys: Standbys | None = None
    _on_call: Callable[[Measured], None] | None
    _last: local

    def execute_query(self, query: str, params: Params = None) -> list[Row]:
        """Run a statement and commit it.

        Args:
            query: SQL with `%s` or `%(name)s`.
            params: a tuple, list or dict; a list as a value is an array, a tuple a list for `in`, a dict JSON.

        Returns:
            A dict for each row; Decimal, date, datetime in UTC, JSON as objects. Empty where there are no rows.

        Raises:
            QueryError, IntegrityError, InvalidValue: the database refused it, and did nothing.
            ConnectionLost, PoolTimeout: the server or the pool.
        """
        return self._anywhere(query, lambda pool: self._fetch(pool, query, params))

    def _fetch(self, pool: Pool, query: str, params: Params) -> list[Row]:
        with self._call() as call, self._cursor(pool, call) as cursor:
            run(cursor, query, params)
            found = fetched(cursor)
            call.rows = len(found) if found else max(cursor.rowcount, 0)
            return found

    def _anywhere(self, query: str, ask: Callable[[Pool], T]) -> T:
        """Have a query answered by a standby that is near enough.

        What it does not take, or has no rows for, the primary is asked: they may be new.
        """
        if self._standbys and COPYABLE.match(query):
            for pool in self._standbys.near():
                with suppress(NotHere, ConnectionLost, PoolTimeout):
                    found = ask(pool)
                    if len(found):
                        return found
                    break
        return ask(self._pool)

    def execute_update(self, query: str, params: Params = None) -> int:
        """Run a statement and commit it; arguments and errors as of `execute_query`.

        Returns:
            The rows that it wrote, 0 when none; `cursor.rowcount` and `cursor.statusmessage` say so, too.
        """
        with self._call() as call, self._cursor(self._pool, call) as cursor:
            run(cursor, query, params)
            call.rows = max(cursor.rowcount, 0)
            self._last.update = LastUpdate(call.rows, cursor.statusmessage or "")
            return call.rows

    def stream_query(self, query: str, params: Params = None) -> Iterator[Row]:
        """The rows one by one, from a cursor of the server's: for more than fits into memory.

        Closing the iterator gives its connection back, as reading to its end does.
        """
        return self._stream(query, params)

    def _stream(self, query: str, params: Params) -> Iterator[Row]:
        with self._call() as call, told(), self._pool.rows() as (connection, call.wait):
            with connection.cursor(name="quant_stream") as cursor:
                run(cursor, query, params)
                while rows := cursor.fetchmany(AT_A_TIME):
                    names = [column.name for column in cursor.description]
                    call.rows += len(rows)
                    yield from (dict(zip(names, row, strict=True)) for row in rows)
            connection.commit()

    def query_frame(self, query: str, params: Params = None) -> pd.DataFrame:
        """The rows as a DataFrame whose dtypes are the database's, also when there are no rows; arguments as above.

        date is datetime64 without zone, timestamptz datetime64 in UTC, double float64, integers int64 (Int64 with
        NULLs), text str, boolean bool (boolean with NULLs), numeric Decimals, JSON objects.
        """
        if not COPYABLE.match(query):
            with self._call() as call, self._cursor(self._pool, call) as cursor:
                run(cursor, query, params)
                return self._counted(call, frame_of(cursor))
        text = render(query, params).rstrip().rstrip(";") + "\n"  # the driver puts it into brackets
        return self._anywhere(query, lambda pool: self._copy(pool, text))

    def _copy(self, pool: Pool, text: str) -> pd.DataFrame:
        with self._call() as call, told(), pool.arrow() as (connection, call.wait), connection.cursor() as cursor:
            cursor.execute(text)
            return self._counted(call, frames.from_arrow(cursor.fetch_arrow_table()))

    @staticmethod
    def _counted(call: _Call, frame: pd.DataFrame) -> pd.DataFrame:
        call.rows = len(frame)
        return frame

    @property
    def cursor(self) -> LastUpdate:
        """What this thread's last successful `execute_update` did."""
        return getattr(self._last, "update", LastUpdate())

    @contextmanager
    def _call(self) -> Iterator[_Call]:
        call = _Call()
        begun = monotonic()
        yield call
        if self._on_call:
            self._on_call(Measured(call.wait, monotonic() - begun - call.wait, call.rows))

    @contextmanager
    def _cursor(self, pool: Pool, call: _Call) -> Iterator[Any]:
        """A cursor in autocommit: one way to the server and back for a statement."""
        with told(), pool.rows() as (connection, call.wait):
            connection.autocommit = True
            try:
                with connection.cursor() as cursor:
                    yield cursor
            finally:
                if not connection.closed:
                    connection.autocommit = False


class _Call:
    wait = 0.0
    rows = 0
