"""A connection lent to a program that speaks to psycopg2 itself."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from quant.errors import QueryError
from quant.pool import Pool


def commit(connection: Any) -> None:
    """Commit.

    Raises:
        QueryError: when a statement had failed and the program went on: psycopg2 would roll back without a word.
    """
    if connection.get_transaction_status() == TRANSACTION_STATUS_INERROR:
        connection.rollback()
        raise QueryError("A statement of this transaction failed, so all of it was rolled back.")
    connection.commit()


class Lent:
    """Stands for a psycopg2 connection, and gives it back to the pool.

    In a `with` block it is the connection itself, committed at the end, or rolled back when the block raises. Outside
    of one it passes everything on to the connection, until `close()` or the end of its own life gives that back.
    """

    def __init__(self, pool: Pool) -> None:
        self._stack = ExitStack()
        self._connection, _ = self._stack.enter_context(pool.rows())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_stack", "_connection"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._connection, name, value)  # autocommit, isolation_level and the like

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and not self._connection.closed:
                commit(self._connection)
        finally:
            self.close()

    def __del__(self) -> None:
        if "_stack" in self.__dict__:
            self.close()

    def close(self) -> None:
        """Give the connection back, with the session's settings as they were."""
        with self._stack:
            connection = self._connection
            if not connection.closed and self._stack._exit_callbacks:  # type: ignore[attr-defined]
                connection.rollback()
                connection.reset()
