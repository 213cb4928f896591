"""The manager of the PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import local
from typing import Any, Self

import pandas as pd

from quant import bulk, standbys, target
from quant.bulk import Rows
from quant.catalog import Catalog, Table
from quant.connection import Lent, commit
from quant.core import Measured, Row, Statements, fetched, frame_of, run
from quant.domains import Domains
from quant.errors import IntegrityError, InvalidValue
from quant.literals import Params
from quant.pool import Pool, PoolStats
from quant.refusals import told
from quant.upsert import Upsert

LOOK = 1.0  # seconds that a look at how far a standby is waits for its connection


class _Writing(Domains):
    """How both a manager and a transaction write."""

    _catalog: Catalog

    def _table(self, name: str, columns: Iterable[str] = ()) -> Table:
        return self._catalog.table(name, columns)

    def _writable(self, name: str, columns: Iterable[str]) -> Table:
        return bulk.writable(self._catalog, name, columns)

    def _insert_one(self, table: str, row: Mapping[str, Any], new_only: dict[str, str], returning: str) -> Any:
        known = self._writable(table, row)
        part = bulk.typed(known, list(row), [row])
        plan = Upsert(known, tuple(row), "error", new_only)
        incoming, params = bulk.as_values(plan, part)
        return self.execute_query(plan.sql(incoming, returning=returning), params)[0][returning]


class Transaction(_Writing):
    """One transaction on one connection: all methods of the manager's, all or nothing.

    It ends with the block that `transaction()` opened: committed, or rolled back when the block raises.
    """

    def __init__(self, connection: Any, catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog.over(self.execute_query)

    def execute_query(self, query: str, params: Params = None) -> list[Row]:
        """As the manager's, within the transaction."""
        with self._cursor(query, params) as cursor:
            return fetched(cursor)

    def execute_update(self, query: str, params: Params = None) -> int:
        """As the manager's, within the transaction."""
        with self._cursor(query, params) as cursor:
            return max(int(cursor.rowcount), 0)

    def query_frame(self, query: str, params: Params = None) -> pd.DataFrame:
        """As the manager's; it sees what the transaction wrote."""
        with self._cursor(query, params) as cursor:
            return frame_of(cursor)

    def bulk_insert(self, table: str, rows: Rows, on_conflict: str = "update") -> int:
        """As the manager's, within the transaction."""
        return self._write(table, rows, on_conflict, {})

    def _write(self, table: str, rows: Rows, on_conflict: str, new_only: dict[str, str]) -> int:
        with told():
            return bulk.write(self._connection, bulk.prepare(self._catalog, table, rows, on_conflict, new_only))

    @contextmanager
    def _cursor(self, query: str, params: Params) -> Iterator[Any]:
        with told(), self._connection.cursor() as cursor:
            run(cursor, query, params)
            yield cursor


class PostgresDatabaseManager(Statements, _Writing):
    """A pool of connections to the database, and the platform's calls on it. Threads share one manager.

    Args:
        host: what is not given comes from POSTGRES_HOST, _PORT, _DB, _USER and _PASSWORD; without any of them it is
            the embedded engine, as it is when QUANT_TARGET says so.
        port: as above.
        database: as above.
        user: as above.
        password: as above; it shows in no repr and in no error.
        pool_min_conn: connections that stay open while nobody needs them.
        pool_max_conn: connections at most. 10 to 30 suit programs that mostly read, 5 to 15 those that mostly write.
        pool_timeout: seconds that a call waits for a connection.
        statement_timeout: seconds after which the server stops a statement; None for no limit.
        application_name: what the server's lists of sessions show.
        on_call: is told of each call that succeeded: seconds waited, seconds worked, rows.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        database: str | None = None,
        user: str | None = None,
        password: str | None = None,
        pool_min_conn: int = 10,
        pool_max_conn: int = 30,
        pool_timeout: float = 30.0,
        *,
        statement_timeout: float | None = 600.0,
        application_name: str = "quant",
        on_call: Callable[[Measured], None] | None = None,
    ) -> None:
        if not 0 <= pool_min_conn <= pool_max_conn or pool_max_conn < 1:
            raise InvalidValue(f"A pool of {pool_min_conn} to {pool_max_conn} connections cannot be: take 10 and 30.")
        found = target.find(host, port, database, user, password)
        self.host, self.port, self.database = found.host, found.port, found.database
        self.user, self.password = found.user, found.password
        limit = int((statement_timeout or 0) * 1000)
        settings = {"application_name": application_name, "options": f"-c timezone=UTC -c statement_timeout={limit}"}
        self.pool = Pool(found, pool_min_conn, pool_max_conn, pool_timeout, settings)
        self._pool = self.pool
        if host is None and standbys.named(found):

            def make(server: target.Target, most: int) -> Pool:
                return Pool(server, min(pool_min_conn, most), most, pool_timeout if most > 1 else LOOK, settings)

            self._standbys = standbys.Standbys(self.pool, found, make, pool_max_conn)
        self._on_call = on_call
        self._last = local()
        self._catalog = Catalog(lambda query, params=None: self._fetch(self.pool, query, params))

    def __repr__(self) -> str:
        place = f"{self.user}@{self.host}:{self.port}/{self.database}"
        return f"PostgresDatabaseManager({place}, {self.pool.minconn} to {self.pool.maxconn} connections)"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bulk_insert(self, table: str, rows: Rows, on_conflict: str = "update") -> int:
        """Write rows into a table of public, all or none.

        Args:
            table: its name.
            rows: dicts or a DataFrame. NaN, NaT and None are NULL, '' stays ''. A column that is not given is kept
                where the row is there, and has its default where it is not.
            on_conflict: what becomes of a row whose key is there: `update` it (rows that are equal are left alone),
                do `nothing`, or `error`.

        Returns:
            The rows written: inserted or changed.

        Raises:
            UnknownName: for a table outside public, an unknown or computed column, and source_rowid.
            InvalidValue: for a value that does not fit, or the same key twice.
            UnknownParent, IntegrityError: for an unknown ticker or strategy, and other rules of the database.
        """
        return self._write(table, rows, on_conflict, {})

    def _write(self, table: str, rows: Rows, on_conflict: str, new_only: dict[str, str]) -> int:
        given = rows if isinstance(rows, pd.DataFrame | Mapping) else list(rows)
        plans = self._planned(table, given, on_conflict, new_only)
        try:
            return self._send(plans)
        except IntegrityError:  # perhaps a rule that the catalog did not know: nothing was written
            self._catalog.forget()
            again = self._planned(table, given, on_conflict, new_only)
            if [plan for plan, _ in again] == [plan for plan, _ in plans]:
                raise
            return self._send(again)

    def _planned(self, table: str, rows: Rows, on_conflict: str, new_only: dict[str, str]) -> bulk.Plans:
        with told():
            return bulk.prepare(self._catalog, table, rows, on_conflict, new_only)

    def _send(self, plans: bulk.Plans) -> int:
        with self._call() as call, told(), self._pool.rows() as (connection, call.wait):
            call.rows = bulk.write(connection, plans)
            connection.commit()
            return call.rows

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A block whose statements are one transaction, on one connection.

        with db.transaction() as t:
            t.bulk_insert("tickers", [{"ticker": "A", "region": "US", "name": "A"}])
            t.insert_ohlcv_bulk("A", prices, region="US")
        """
        with self._call() as call, told(), self._pool.rows() as (connection, call.wait):
            yield Transaction(connection, self._catalog)
            commit(connection)

    def test_connection(self) -> bool:
        """True when the database answers.

        Raises:
            ConnectionLost, PoolTimeout: when it does not.
        """
        return self.execute_query("select 1 as one") == [{"one": 1}]

    def pool_stats(self) -> PoolStats:
        """What the pool does at this moment, and how long callers had to wait."""
        return self.pool.stats

    def close(self) -> None:
        """Close all connections. A call after that raises ConnectionLost."""
        self.pool.close()
        if self._standbys:
            self._standbys.close()

    close_pool = close

    def _get_connection(self) -> Lent:
        """A psycopg2 connection of the pool's: `with db._get_connection() as conn:` commits at the end of the block.

        Without a block, `close()` gives it back; what was not committed is rolled back then.
        """
        return Lent(self.pool)

    get_connection = _get_connection
