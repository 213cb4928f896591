"""Scratch databases on the native server, and the rivals that fill them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import Run, measure
from loader.source import quote
from quant.target import Target

ROW_BY_ROW_ROWS = 20_000
EXTENSION = (
    "do $$ begin if exists (select from pg_available_extensions where name = 'timescaledb') "
    "then create extension if not exists timescaledb schema public; end if; end $$"
)


def execute(target: Target, *statements: str) -> list[tuple[object, ...]]:
    """Run statements, each in a transaction of its own; return the rows of the last one."""
    connection = target.connect("quant benchmark")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


@contextmanager
def scratch(server: Target, name: str) -> Iterator[Target]:
    """An empty database on that server, dropped at the end."""
    drop = f"drop database if exists {quote(name)} with (force)"
    execute(server, drop, f"create database {quote(name)}")
    try:
        made = replace(server, database=name)
        execute(made, EXTENSION)
        yield made
    finally:
        execute(server, drop)


def settle(target: Target) -> None:
    """Write out what earlier runs left in the buffers, where that is allowed: it should not fall into the next one."""
    ((allowed,),) = execute(
        target, "select rolsuper or pg_has_role('pg_checkpoint', 'member') from pg_roles where rolname = current_user"
    )
    if allowed:
        execute(target, "checkpoint")


def environment(target: Target) -> dict[str, str]:
    """The environment in which the loader and libpq's programs use that server."""
    values = {
        "HOST": target.host,
        "PORT": str(target.port),
        "USER": target.user,
        "PASSWORD": target.password,
    }
    found = os.environ | {"QUANT_TARGET": "server", "POSTGRES_DB": target.database, "PGDATABASE": target.database}
    for name, value in values.items():
        found |= {f"POSTGRES_{name}": value, f"PG{name}": value}
    return found | ({"PGSSLMODE": target.sslmode} if target.sslmode else {})


class Floor:
    """The floor: psql copies all rows of raw from ready CSV files into plain tables of the same types."""

    def __init__(self, target: Target, room: Path) -> None:
        """Write the CSV files from raw, which has to be loaded."""
        self.target, self.room = target, room
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        found = execute(
            target,
            "select table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position) "
            "from information_schema.columns join raw._tables using (table_name) "
            "where table_schema = 'raw' and column_name not in ('_rowid', '_load_id') group by 1 order by 1",
        )
        self.tables = [(quote(str(name)), str(columns)) for name, columns in found]
        self._psql(
            "prepare",
            [
                f"\\copy (select {columns} from raw.{table}) to '{self._csv(number)}' csv"
                for number, (table, columns) in enumerate(self.tables)
            ],
        )

    def run(self) -> Run:
        """Copy into new tables; only the copying is timed."""
        execute(
            self.target,
            "drop schema if exists floor cascade",
            "create schema floor",
            *(
                f"create table floor.{table} as select {columns} from raw.{table} with no data"
                for table, columns in self.tables
            ),
        )
        settle(self.target)
        return self._psql(
            "floor",
            [f"\\copy floor.{table} from '{self._csv(number)}' csv" for number, (table, _) in enumerate(self.tables)],
        )

    def _csv(self, number: int) -> Path:
        return self.room / f"{number}.csv"

    def _psql(self, name: str, lines: list[str]) -> Run:
        script = self.room / f"{name}.sql"
        script.write_text("\n".join(lines) + "\n")
        command: list[str | Path] = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script]
        return measure(command, environment(self.target), self.room / f"{name}.log")


def pgloader(target: Target, source: Path, room: Path) -> Run:
    """Run pgloader with its defaults, but without indexes: raw has none either."""
    room.mkdir(exist_ok=True)
    script = room / "pgloader.load"
    address = f"{target.user}@{target.host}:{target.port}/{target.database}"
    script.write_text(
        f"load database from sqlite://{source} into postgresql://{address}\n"
        "with include drop, create tables, create no indexes, reset no sequences;\n"
    )
    return measure(["pgloader", "--root-dir", room, script], environment(target), room / "pgloader.log")


def row_by_row(target: Target, source: Path, log: Path) -> Run:
    """One INSERT and one COMMIT a row, on the first rows of the largest table."""
    command = [sys.executable, "-m", "benchmarks.row_by_row", str(source), str(ROW_BY_ROW_ROWS)]
    return measure(command, environment(target), log)


def count(target: Target, schema: str) -> int:
    """The rows of all plain tables of a schema."""
    tables = execute(target, f"select quote_ident(tablename) from pg_tables where schemaname = '{schema}'")
    return sum(int(str(execute(target, f"select count(*) from {schema}.{name}")[0][0])) for (name,) in tables)
