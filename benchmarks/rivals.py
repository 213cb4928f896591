"""The same queries elsewhere: plain PostgreSQL tables, DuckDB over Parquet files, the source's SQLite file."""

from __future__ import annotations

import importlib
import os
import re
import sqlite3
from abc import ABC, abstractmethod
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi

from quant.errors import UserError
from quant.target import Target

# Parquet has neither PostgreSQL's numeric, which has no scale, nor its JSON.
COLUMNS = """
    select string_agg(
        quote_ident(column_name)
        || case data_type when 'numeric' then '::float8' when 'jsonb' then '::text' else '' end, ', '
        order by ordinal_position
    )
    from information_schema.columns where table_schema = 'public' and table_name = $1
"""


class UnknownToEngineError(Exception):
    """The engine does not know something in the query."""


class Session(ABC):
    """One connection to an engine."""

    @abstractmethod
    def run(self, sql: str) -> int:
        """Run a query until all its rows are here; returns how many.

        Raises:
            UnknownToEngineError: when the engine cannot run it.
        """

    @abstractmethod
    def close(self) -> None:
        """End the connection."""

    def cpu(self) -> float | None:
        """Seconds of CPU that the engine has taken for this connection, where a process of this machine tells."""
        return None


class Postgres(Session):
    """Tables of a schema on the server, and those of public that it has not."""

    def __init__(self, target: Target, schema: str) -> None:
        self.connection: psycopg2.extensions.connection = target.connect("quant benchmark")
        self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(f"set search_path = {schema}, public")
        self.process = Path(f"/proc/{self.connection.get_backend_pid()}/stat")

    def run(self, sql: str) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(sql.replace("public.", ""))
            return cursor.rowcount

    def cpu(self) -> float | None:
        if not self.process.exists():
            return None
        fields = self.process.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.connection.close()


class DuckDB(Session):
    """Views over Parquet files, one a table."""

    def __init__(self, folder: Path) -> None:
        self.connection: Any = duckdb().connect()
        for file in sorted(folder.glob("*.parquet")):
            self.connection.execute(f"create view {file.stem} as select * from read_parquet('{file}')")

    def run(self, sql: str) -> int:
        try:
            return len(self.connection.execute(sql.replace("public.", "")).fetchall())
        except Exception as error:
            raise UnknownToEngineError(str(error).splitlines()[0]) from error

    def close(self) -> None:
        self.connection.close()


class SQLite(Session):
    """The file, as the old platform asks it."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)

    def run(self, sql: str) -> int:
        try:
            return len(self.connection.execute(_in_sqlite(sql)).fetchall())
        except sqlite3.Error as error:
            raise UnknownToEngineError(str(error)) from error

    def close(self) -> None:
        self.connection.close()


def duckdb() -> Any:
    """DuckDB's module.

    Raises:
        UserError: when it is not installed.
    """
    try:
        return importlib.import_module("duckdb")
    except ImportError:
        raise UserError(
            "DuckDB is not installed: pip install duckdb brings it, --without duckdb leaves it out."
        ) from None


def export(target: Target, tables: Iterable[str], folder: Path) -> None:
    """Write tables of public as Parquet files, one each, in the order of their first columns."""
    folder.mkdir(parents=True, exist_ok=True)
    with dbapi.connect(target.uri()) as connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(COLUMNS, (table,))
            ((columns,),) = cursor.fetchall()
            cursor.execute(f"select {columns} from public.{table} order by 1, 2, 3")
            pq.write_table(cursor.fetch_arrow_table(), folder / f"{table}.parquet", compression="zstd")


def _in_sqlite(sql: str) -> str:
    """The query with its dates worked out and without what only PostgreSQL writes."""

    def earlier(found: re.Match[str]) -> str:
        day, count, unit = date.fromisoformat(found[1]), int(found[2]), found[3]
        months = day.year * 12 + day.month - 1 - count * (12 if unit == "year" else 1)
        year, month = months // 12, months % 12 + 1
        return f"'{date(year, month, min(day.day, monthrange(year, month)[1]))}'"

    sql = re.sub(r"'([\d-]+)'::date(?:::date)? - interval '(\d+) (year|month)s?'", earlier, sql)
    sql = re.sub(r"= any\(ARRAY\[(.*?)\]\)", r"in (\1)", sql)
    return re.sub(r"::\w+", "", sql.replace("public.", "").replace("timeframe = '1d'", "timeframe in ('D', '1d')"))
