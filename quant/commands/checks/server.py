"""The target: whether it answers, can carry the tables, and lets this login do what the commands do."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2

from quant.commands.checks import Finding, mend, ok, see
from quant.errors import UserError, in_one_line
from quant.server import extension, rights
from quant.server.requirements import Facts, faults_of_load, faults_of_versions, query
from quant.server.watch import wait_limit, watching
from quant.target import Target
from quant.text import counted

DOCTOR = "quant doctor"
CLOCK = 5.0  # seconds by which two clocks may differ
POLICIES = 3  # that a build makes beside TimescaleDB's own: compression twice, and the refresh
TIMES = 3  # how often the file fits into what it becomes on the server
SETTINGS = """
    select
        current_setting('timescaledb.license', true),
        current_setting('timescaledb.max_background_workers', true)::int,
        current_setting('max_worker_processes')::int,
        current_setting('max_parallel_workers')::int,
        (select count(*) from pg_database where datallowconn and not datistemplate),
        (select count(*) from pg_extension where extname = 'timescaledb'),
        pg_database_size(current_database()),
        case when pg_has_role('pg_read_all_settings', 'usage') then current_setting('data_directory') end,
        (
            select count(*) from pg_stat_activity
            where backend_xmin is not null and xact_start < now() - interval '1 hour' and pid <> pg_backend_pid()
        ),
        (select count(*) from pg_prepared_xacts where prepared < now() - interval '1 hour')
"""
JOBS = "select count(*) from timescaledb_information.jobs where scheduled and job_id >= 1000"
LOADED = """
    select case when has_schema_privilege(to_regnamespace('raw'), 'usage')
        then to_regclass('raw._loads') is not null else false end
"""
UNFINISHED = """
    select count(*) from raw._loads
    where finished_at is null and load_id = (select max(load_id) from raw._loads)
        and not exists (
            select from pg_locks
            where locktype = 'advisory' and granted and ((classid::bigint << 32) | objid::bigint) = %s
        )
"""


def server(target: Target, relations: Iterable[str], size: int | None) -> Iterator[Finding]:
    """All about the target.

    Args:
        target: the database.
        relations: those of `public` that a build makes, each with its schema.
        size: of the source, in bytes, where there is one.
    """
    try:
        first = target.connect(DOCTOR, pooled=True)
    except UserError as error:
        yield mend("target", str(error))
        return
    with closing(first):
        process, clock = _row(first, "select pg_backend_pid(), clock_timestamp()")
        here = datetime.now(UTC)
        first.commit()  # else a pooler closes the connection instead of keeping it
    yield ok("target", f"{target} answers")
    with closing(target.connect(DOCTOR, pooled=True)) as second:
        # A server gives each log-in a process of its own; a pooler keeps them.
        pooled = target.name != "embedded" and _row(second, "select pg_backend_pid()")[0] == process
    if pooled:
        yield mend(
            "pooler",
            f"A pooler stands before {target}: load through it, but name the server itself in POSTGRES_HOST and "
            "POSTGRES_PORT for build and verdict.",
        )
    else:
        yield ok("pooler", "none in between")
    apart = abs((here - clock).total_seconds())
    said = f"{apart:.1f} s apart from the server's"
    yield ok("clock", said) if apart < CLOCK else see("clock", f"{said}: set both by a time server (NTP).")
    try:
        with watching(target, DOCTOR, wait_limit()), closing(target.connect(DOCTOR)) as connection:
            connection.autocommit = True
            yield from _asked(connection, target, list(relations), size)
    except UserError as error:
        yield mend("session", str(error))
    except psycopg2.Error as error:
        yield mend("target", f"{target} failed while it was asked: {in_one_line(error)}. See that it is up.")


def _asked(connection: Any, target: Target, relations: list[str], size: int | None) -> Iterator[Finding]:
    facts = Facts(*_row(connection, query(relations)))
    license_, workers, processes, parallel, databases, installed, stored, folder, old, prepared = _row(
        connection, SETTINGS
    )
    found = facts.installed or facts.available or "none"
    wrong = list(faults_of_versions(facts, str(target)))
    yield from (mend("versions", one) for one in wrong)
    if not wrong:
        yield ok("versions", f"PostgreSQL {facts.version.split()[0]}, TimescaleDB {found}")
        yield ok("preload", "timescaledb")
    if license_ == "apache":
        yield mend(
            "edition",
            "the Apache edition of TimescaleDB, which has no compression, continuous aggregates or policies: install "
            "the Community edition, or set timescaledb.license = 'timescale' in postgresql.conf and restart.",
        )
    elif license_:
        yield ok("edition", "Community")
    if workers is not None and target.name != "embedded":
        scheduled = _row(connection, JOBS)[0] if installed else POLICIES
        yield from _workers(workers, processes, parallel, databases, max(scheduled, POLICIES))
    refused = list(faults_of_load(facts, str(target)))
    yield from (mend("database", one) for one in refused)
    if not refused:
        yield ok("encoding", facts.encoding)
    yield from _rights(connection, target, relations)
    yield from _names(connection)
    yield from _disk(target, stored, folder, size)
    yield from _leftovers(connection, old, prepared)


def _workers(workers: int, processes: int, parallel: int, databases: int, jobs: int) -> Iterator[Finding]:
    wanted = databases + jobs
    if workers < wanted:
        yield see(
            "workers",
            f"timescaledb.max_background_workers is {workers}: {counted(databases, 'database')} and "
            f"{counted(jobs, 'job')} want {wanted}; set it in postgresql.conf and restart.",
        )
    elif processes < workers + parallel + 3:
        yield see(
            "workers",
            f"max_worker_processes is {processes}: set it to {workers + parallel + 3} or more (those of TimescaleDB, "
            "those of parallel queries, and 3) in postgresql.conf and restart.",
        )
    else:
        yield ok("workers", f"{workers} of TimescaleDB for {counted(databases, 'database')} and {counted(jobs, 'job')}")


def _rights(connection: Any, target: Target, relations: list[str]) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(rights.query(relations))
        lacking = rights.by_command(cursor.fetchall())
    for command, cures in lacking.items():
        what = f"may {command}"
        if cures:
            yield mend(what, f"{target.user} may not: `{'; '.join(cures)}` by the owner, or `python -m quant roles`.")
        else:
            yield ok(what, target.user)


def _names(connection: Any) -> Iterator[Finding]:
    try:
        extension.ask(connection)
    except UserError as error:
        yield mend("names", str(error))


def _disk(target: Target, stored: int, folder: str | None, size: int | None) -> Iterator[Finding]:
    wanted = TIMES * size if size else 0
    said = f"the database has {stored / 1e6:,.0f} MB"
    local = target.host in ("localhost", "127.0.0.1", "::1") and folder is not None and Path(folder).exists()
    if local and folder is not None:
        free = shutil.disk_usage(folder).free
        said += f", {free / 1e6:,.0f} MB are free in {folder}"
        if free + stored < wanted:
            yield see("room there", f"{said}: a file of this size wants {wanted / 1e6:,.0f} MB. Free some.")
            return
    elif target.name != "embedded":
        said += "; what is free cannot be asked from here"
    yield ok("room there", said + (f"; all together wants {wanted / 1e6:,.0f} MB" if wanted else ""))


def _leftovers(connection: Any, old: int, prepared: int) -> Iterator[Finding]:
    from quant.server.lock import LOAD

    if old or prepared:
        yield see(
            "old snapshots",
            f"{counted(old, 'transaction')} and {counted(prepared, 'prepared transaction')} older than an hour keep "
            "vacuum from removing rows: see pg_stat_activity and pg_prepared_xacts, and end them.",
        )
    else:
        yield ok("old snapshots", "no transaction older than an hour")
    if _row(connection, LOADED)[0]:
        if _row(connection, UNFINISHED, LOAD)[0]:
            yield see("last load", "it did not finish: `python -m loader.run` goes on where it stopped.")
        else:
            yield ok("last load", "finished, or at work")
    else:
        yield ok("last load", "none yet")


def _row(connection: Any, statement: str, *values: object) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return tuple(cursor.fetchone())
