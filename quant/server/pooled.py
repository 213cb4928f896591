"""Connections that also work through a pooler in transaction mode, as PgBouncer is used most."""

from __future__ import annotations

from typing import Any

from psycopg2 import extensions as psycopg
from psycopg2.sql import Composable

from quant.target import SEARCH_PATH

OF_TRANSACTION = f"set local search_path = {SEARCH_PATH}; "


class TransactionCursor(psycopg.cursor):
    """A cursor whose transactions each have our search path.

    A pooler in transaction mode takes no settings at the log-in, and one that a session makes would stay with the
    server's process, for the next program that the pooler lends it to.
    """

    def execute(self, query: str | bytes | Composable, vars: Any = None) -> None:  # noqa: A002  psycopg2's name
        if self._begins:
            text = query if isinstance(query, str | bytes) else query.as_string(self.connection)
            query = OF_TRANSACTION + text if isinstance(text, str) else OF_TRANSACTION.encode() + text
        super().execute(query, vars)

    def copy_expert(self, sql: str | bytes | Composable, file: Any, size: int = 8192) -> None:
        if self._begins and not self.connection.autocommit:
            super().execute(OF_TRANSACTION)
        super().copy_expert(sql, file, size)

    @property
    def _begins(self) -> bool:
        return self.connection.info.transaction_status == psycopg.TRANSACTION_STATUS_IDLE
