"""Connections to PostgreSQL, reused: SQLAlchemy's pool for psycopg2 and one for ADBC, behind one gate."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any
from weakref import WeakSet

import psycopg2
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from quant.errors import ConnectionLost
from quant.gate import Gate
from quant.target import Target


@dataclass(frozen=True)
class PoolStats:
    """The pool at this moment, and what it saw since it was made.

    Attributes:
        in_use: connections that callers hold.
        open: connections that are open, idle ones included.
        waiting: callers in line.
        waits: how many callers ever had to wait.
        longest_wait: the longest of those waits, in seconds.
    """

    in_use: int
    open: int
    waiting: int
    waits: int
    longest_wait: float


class _Shared:
    """Stands for the driver's database, which outlives each of its connections."""

    def close(self) -> None: ...


class _Connections:
    """The connections of one driver."""

    def __init__(self, creator: Callable[[], Any], ask: Callable[[Any], None], kept: int) -> None:
        self.open = 0
        self._creator = creator
        self._lock = Lock()
        # The gate alone limits them: it lets nobody in for whom there is no place.
        self.queue = QueuePool(self._create, pool_size=max(kept, 1), max_overflow=-1, use_lifo=True)

        def checkout(connection: Any, _record: Any, _proxy: Any) -> None:
            try:
                ask(connection)
            except Exception as error:
                raise DisconnectionError() from error  # the pool replaces it

        event.listen(self.queue, "checkout", checkout)
        event.listen(self.queue, "close", lambda _connection, _record: self._count(-1))

    def _create(self) -> Any:
        self._count(1)
        try:
            return self._creator()
        except BaseException:
            self._count(-1)
            raise

    def _count(self, number: int) -> None:
        with self._lock:
            self.open += number


class Pool:
    """At most `maxconn` connections of both drivers; about `minconn` of each stay open while nobody needs them.

    Each is asked whether it lives before it is lent. A child of fork begins with a pool of its own.
    """

    def __init__(self, target: Target, minconn: int, maxconn: int, timeout: float, options: dict[str, str]) -> None:
        self.minconn = minconn
        self.maxconn = maxconn
        self.timeout = timeout
        self._target = target
        self._uri = target.uri_with(options)
        self.closed = False
        self.uses = 0  # changes whenever a connection has been given back
        self._uses = count(1)
        self._begin()
        _POOLS.add(self)

    def _begin(self) -> None:
        self._gate = Gate(self.maxconn)
        self._database_lock = Lock()
        self._database: Any = None
        self._rows = _Connections(self._open_rows, _ask_rows, self.minconn)
        self._arrow = _Connections(self._open_arrow, _ask_arrow, self.minconn)

    def _open_rows(self) -> Any:
        self._make_room(self._arrow)
        return psycopg2.connect(self._uri)

    def _open_arrow(self) -> Any:
        import adbc_driver_manager
        import adbc_driver_postgresql
        from adbc_driver_manager import dbapi

        from quant.adbc_sigint import disable_adbc_sigint

        disable_adbc_sigint()
        self._make_room(self._rows)
        with self._database_lock:  # opening it takes as long as ten connections
            if self._database is None:
                self._database = adbc_driver_postgresql.connect(self._uri)
        connection = adbc_driver_manager.AdbcConnection(self._database)
        return dbapi.Connection(_Shared(), connection, autocommit=True)  # type: ignore[arg-type]

    def _make_room(self, other: _Connections) -> None:
        """Close what is idle of the other driver when all together, the new one included, would be too many."""
        if self.open > self.maxconn:
            other.queue.dispose()

    @property
    def open(self) -> int:
        return self._rows.open + self._arrow.open

    @property
    def stats(self) -> PoolStats:
        gate = self._gate
        return PoolStats(gate.in_use, self.open, gate.waiting, gate.waits, gate.longest_wait)

    @contextmanager
    def rows(self) -> Iterator[tuple[Any, float]]:
        """A psycopg2 connection and the seconds waited for it. What was not committed is rolled back.

        Raises:
            PoolTimeout: when none came free in time.
            ConnectionLost: when the server cannot be reached.
        """
        with self._lent(self._rows.queue) as lent:
            yield lent

    @contextmanager
    def arrow(self) -> Iterator[tuple[Any, float]]:
        """An ADBC connection in autocommit, and the seconds waited for it. Raises as `rows` does."""
        with self._lent(self._arrow.queue) as lent:
            yield lent

    @contextmanager
    def _lent(self, queue: QueuePool) -> Iterator[tuple[Any, float]]:
        gate = self._gate
        if self.closed:
            raise ConnectionLost(f"The pool of {self._target} was closed: make a new manager.")
        waited = gate.enter(self.timeout)
        try:
            with _refusals(self._target):
                fairy = queue.connect()
            connection = fairy.dbapi_connection
            try:
                yield connection, waited
            finally:
                if self.closed or getattr(connection, "closed", False):
                    fairy.invalidate()
                self.uses = next(self._uses)
                fairy.close()
        finally:
            gate.leave()

    def close(self) -> None:
        """Close all idle connections; those in use are closed when they come back."""
        self.closed = True
        self._rows.queue.dispose()
        self._arrow.queue.dispose()

    def _forget(self) -> None:
        """In a child of fork: leave the parent's connections alone.

        They are never freed, not even at the child's end: ADBC would say goodbye to the server in the parent's name.
        """
        for own in (self._rows, self._arrow, self._database):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(own))
        self._begin()


def _ask_rows(connection: Any) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    connection.autocommit = False


def _ask_arrow(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        cursor.fetchone()


@contextmanager
def _refusals(target: Target) -> Iterator[None]:
    """A server that cannot be reached, in a sentence."""
    try:
        yield
    except ConnectionLost:
        raise
    except Exception as error:
        # One line for each address that was tried; those that begin with a tab only ask whether a server runs.
        tried = dict.fromkeys(line for line in str(error).strip().splitlines() if not line.startswith("\t"))
        said = "; ".join(tried).rstrip(".")
        raise ConnectionLost(
            f"The database {target.place} cannot be reached: {said}. Check that it runs, and POSTGRES_HOST, "
            "POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD."
        ) from error


_POOLS: WeakSet[Pool] = WeakSet()


def _after_fork() -> None:
    for pool in list(_POOLS):
        pool._forget()


os.register_at_fork(after_in_child=_after_fork)
