"""The twin of the manager over the Spock file: the same reads and answers, nothing is written."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from threading import RLock
from typing import Any, NoReturn, Self

import pandas as pd

from quant import canonical, frames, names, views
from quant.catalog import Table, unknown_column, unknown_table
from quant.core import Row
from quant.domains import Domains
from quant.domains.base import Filter
from quant.domains.prices import BUCKETS
from quant.errors import ConnectionLost, IntegrityError, InvalidValue, QueryError, ReadOnly, in_one_line
from quant.literals import MISFIT, Params, plain_params

AGGREGATED = {
    **dict.fromkeys(("ma5_start", "ma20_end", "rsi_14_end"), "float8"),
    **dict.fromkeys(("month", "quarter", "year"), "date"),
    "trading_days": "int8",
    "count": "int8",
}


class SQLiteDatabaseManager(Domains):
    """Reads a Spock file as if it were the database after the move. Every method that writes raises ReadOnly.

    Statements are SQLite's, with `%s` and `%(name)s`; tables have the database's columns and canonical values. Threads
    share one manager, and take turns.

    Args:
        path: the file. It is only read, and none is made.
    """

    _schema = ""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._tables: dict[str, Table] = {}
        self._version: object = None
        self._immutable = False
        with self._ready():
            pass

    def __repr__(self) -> str:
        return f"SQLiteDatabaseManager({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute_query(self, query: str, params: Params = None) -> list[Row]:
        """The rows of a statement, as dicts; dates, times and truth values as PostgreSQL gives them.

        Raises:
            QueryError, InvalidValue, ReadOnly: SQLite refused it.
        """
        columns, kinds, rows = self._run(query, params)
        return [dict(zip(columns, _values(kinds, row), strict=True)) for row in rows]

    def stream_query(self, query: str, params: Params = None) -> Iterator[Row]:
        """The rows one by one; they are all read first."""
        yield from self.execute_query(query, params)

    def query_frame(self, query: str, params: Params = None) -> pd.DataFrame:
        """The rows as a DataFrame; columns of the file's tables have their dtypes also when there are no rows."""
        columns, kinds, rows = self._run(query, params)
        return frames.from_rows(columns, kinds, [_values(kinds, row) for row in rows])

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise ReadOnly(f"{self.path} is only read: write to PostgreSQL, with PostgresDatabaseManager.")

    execute_update = bulk_insert = _write = _insert_one = _writable = _refuse

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """A block whose reads are of one state of the file."""
        with self._ready() as connection:
            connection.execute("begin")
            try:
                yield self
            finally:
                connection.execute("commit")

    def test_connection(self) -> bool:
        """True when the file can be read."""
        return self.execute_query("select 1 as one") == [{"one": 1}]

    def close(self) -> None:
        """Close the file. A later call opens it again."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    close_pool = close

    def _get_connection(self) -> sqlite3.Connection:
        """A connection of sqlite3's to the file as it is, without the views; whoever asks closes it."""
        connection = self._open()
        connection.row_factory = sqlite3.Row
        return connection

    get_connection = _get_connection

    def _table(self, name: str, columns: Iterable[str] = ()) -> Table:
        with self._ready():
            known = name.removeprefix("public.")
            found = self._tables.get(known)
        if found is None:
            raise unknown_table(name, self._tables)
        for column in columns:
            if column not in found.columns:
                raise unknown_column(found, column)
        return found

    def _select(self, table: str, filters: Sequence[Filter] = (), order: str = "", limit: Any = None) -> list[Row]:
        with self._ready():
            absent = table not in self._tables and (table in views.ABSENT or table in views.KEYS)
        if absent:  # the database has these tables; here nothing is in them
            names.as_limit(limit)
            return []
        return super()._select(table, filters, order, limit)

    def _bucket_rows(self, bucket: str) -> str:
        return f"({views.aggregate(bucket, views.DAILY + ' and ticker = %s and region = %s')})"

    def _run(self, query: str, params: Params) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
        statement, values = _translated(query, params)
        with self._ready() as connection:
            try:
                with closing(connection.execute(statement, values)) as cursor:
                    columns = [column[0] for column in cursor.description or ()]
                    kinds = _kinds(self._tables, statement)
                    return columns, [kinds.get(name, "") for name in columns], cursor.fetchall()
            except sqlite3.IntegrityError as error:
                raise IntegrityError(f"SQLite refused it: {in_one_line(error)}.") from error
            except (sqlite3.ProgrammingError, sqlite3.InterfaceError) as error:
                raise InvalidValue(MISFIT.format(in_one_line(error))) from error
            except sqlite3.Error as error:
                if "readonly" in str(error):
                    self._refuse()
                raise QueryError(f"SQLite refused the statement: {in_one_line(error)}.") from error

    @contextmanager
    def _ready(self) -> Iterator[sqlite3.Connection]:
        """The connection, with views of what the file holds now."""
        with self._lock:
            if self._immutable and self._wal.exists():  # somebody began to write
                self.close()
            connection = self._connection or self._open()
            self._connection = connection
            try:
                version = (id(connection), connection.execute("pragma data_version").fetchone())
                if version != self._version:
                    self._tables = views.prepare(connection)
                    self._version = version
            except sqlite3.Error as error:
                raise QueryError(f"{self.path} cannot be read as a Spock database: {in_one_line(error)}.") from error
            yield connection

    @property
    def _wal(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _open(self) -> sqlite3.Connection:
        """A connection that only reads, and makes no file beside this one."""
        try:
            with self.path.open("rb") as file:
                writes_ahead = file.read(20)[18:19] == b"\2"
        except OSError as error:
            raise ConnectionLost(f"The file {self.path} cannot be read: {error.strerror}.") from error
        self._immutable = writes_ahead and not self._wal.exists()
        uri = f"{self.path.resolve().as_uri()}?mode=ro{'&immutable=1' if self._immutable else ''}"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        connection.execute("pragma temp_store = memory")
        return connection


def _kinds(tables: Mapping[str, Table], statement: str) -> dict[str, str]:
    """The type of a result's column, by its name: as in the tables that the statement names, where they agree."""
    named = set(re.findall(r"\w+", statement))
    kinds: dict[str, set[str]] = {}
    for table in tables.values():
        for column in table.columns.values() if table.name in named else ():
            kinds.setdefault(column.name, set()).add(column.kind)
    aggregated = set(BUCKETS.values()) & named
    prices = {name: {column.kind} for name, column in tables["ohlcv_data"].columns.items()} if aggregated else {}
    return AGGREGATED | {name: next(iter(found)) for name, found in (prices | kinds).items() if len(found) == 1}


def _values(kinds: Sequence[str], row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(canonical.value_of(kind, value) for kind, value in zip(kinds, row, strict=True))


def _translated(query: str, params: Params) -> tuple[str, Any]:
    """The statement and its parameters as SQLite takes them."""
    text = re.sub(r"\bpublic\.", "", query)
    values = plain_params(params)
    if values is None or (isinstance(values, tuple) and not re.search("%s", text)):
        return text, values or ()
    text = re.sub(r"::\s*(double precision|\w+(\(\d+(,\s*\d+)?\))?)", "", text)
    if isinstance(values, dict):
        named = re.sub(r"%\((\w+)\)s", r":\1", text).replace("%%", "%")
        return named, {name: _bound(value) for name, value in values.items()}
    text = re.sub(r"=\s*any\s*\(\s*%s\s*\)", "in %s", text, flags=re.IGNORECASE)
    pieces = re.split(r"(%%|%s)", text)
    left = list(values)
    bound: list[Any] = []
    made: list[str] = []
    for piece in pieces:
        if piece != "%s":
            made.append("%" if piece == "%%" else piece)
            continue
        if not left:
            raise InvalidValue(MISFIT.format("there are too few"))
        value = left.pop(0)
        several = list(value) if isinstance(value, list | tuple) else [value]
        made.append(f"({', '.join('?' * len(several))})" if isinstance(value, list | tuple) else "?")
        bound += map(_bound, several)
    if left:
        raise InvalidValue(MISFIT.format("there are too many"))
    return "".join(made), bound


def _bound(value: Any) -> Any:
    if isinstance(value, datetime):
        return canonical.shown_instant(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
