"""The state of a target: asked in a few short queries, for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg2.errors

from expectations.catalog import Catalog
from loader.source import quote
from quant.commands import tuning
from quant.commands.tuning import Tuning
from quant.server import extension
from quant.target import Target
from quant.text import counted

APPLICATION = "quant status"  # its name on the server
PATIENCE = "5s"  # for counting a table; one of thousands of millions of rows is not counted
MOMENT = "%Y-%m-%d %H:%M UTC"

SERVER = """
    select
        split_part(current_setting('server_version'), ' ', 1),
        (select extversion from pg_extension where extname = 'timescaledb'),
        coalesce(current_setting('timescaledb.license', true), ''),
        pg_database_size(current_database()),
        to_regclass('raw._loads') is not null,
        to_regclass('audit.build_state') is not null,
        to_regclass('audit.verdicts') is not null
"""
LOAD = """
    select load_id, finished_at, source, outcome, extract(epoch from finished_at - started_at)::float8
    from raw._loads order by load_id desc limit 1
"""
BUILD = "select max(built_at), count(*), max(load_id) from audit.build_state"
VERDICT = """
    select judged_at, passed, failures, warnings, quick, checkpoint from audit.verdicts order by judged_at desc limit 1
"""
THERE = """
    select
        c.relname, pg_total_relation_size(c.oid),
        exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'date' and not a.attisdropped)
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relname = any(%s)
"""
HYPERTABLES = """
    select
        h.hypertable_name, {schema}.hypertable_size(its.relation),
        (
            select 1 - sum(s.after_compression_total_bytes) / nullif(sum(s.before_compression_total_bytes), 0)
            from {schema}.hypertable_compression_stats(its.relation) as s
        )
    from timescaledb_information.hypertables as h
    cross join lateral (select format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass as relation) as its
    where h.hypertable_schema = 'public'
"""
AGGREGATES = """
    select
        a.view_name,
        {schema}.hypertable_size(
            format('%I.%I', a.materialization_hypertable_schema, a.materialization_hypertable_name)::regclass
        )
    from timescaledb_information.continuous_aggregates as a where a.view_schema = 'public'
"""
JOBS = """
    select
        replace(replace(replace(j.proc_name, 'policy_', ''), '_continuous_aggregate', ''), '_', ' '),
        coalesce(j.hypertable_name, (
            select string_agg(split_part(name, '.', 2), ', ')
            from jsonb_array_elements_text(j.config -> 'aggregates') as name
        ), ''),
        case when isfinite(s.next_start) then s.next_start end,
        case when not j.scheduled then 'switched off' else coalesce(s.last_run_status, 'never run') end
    from timescaledb_information.jobs as j
    left join timescaledb_information.job_stats as s using (job_id)
    where j.hypertable_name is not null or j.proc_schema = 'audit'
    order by j.job_id
"""


@dataclass(frozen=True)
class Step:
    """How a load, a build or a verdict ended last.

    Attributes:
        timestamp: when, in seconds since 1970; None of a load that did not end.
        counts: failures and warnings of a verdict.
    """

    at: str | None
    well: bool
    said: str
    timestamp: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table or aggregate: rows (None when there are too many to count), newest day and its age, size, share saved."""

    name: str
    rows: int | None
    newest: str | None
    days: int | None
    megabytes: float
    saved: float | None


@dataclass(frozen=True)
class Job:
    """A background job, when it runs next, and how it ended last."""

    name: str
    of: str
    next: str | None
    outcome: str
    next_start: float | None = None


@dataclass(frozen=True)
class State:
    """All of it; `tuning` is None on the embedded engine, which has no counters of its own."""

    target: str
    server: str
    megabytes: float
    load: Step | None
    build: Step | None
    verdict: Step | None
    tables: tuple[Table, ...]
    jobs: tuple[Job, ...]
    tuning: Tuning | None

    @property
    def well(self) -> bool:
        """Whether everything was done, and nothing of it failed."""
        steps = (self.load, self.build, self.verdict)
        return all(step and step.well for step in steps) and all(job.outcome != "Failed" for job in self.jobs)

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {"well": self.well, **asdict(self)}


def ask(connection: Any, target: Target, declared: Catalog) -> State:
    """Ask a target for its state.

    Args:
        connection: in autocommit.
        target: where it leads.
        declared: the tables and aggregates to tell of.
    """
    ((postgresql, timescaledb, edition, size, loaded, built, judged),) = _rows(connection, SERVER)
    community = {"timescale": ", Community edition", "apache": ", Apache edition"}.get(edition, "")
    return State(
        str(target),
        f"PostgreSQL {postgresql}" + (f", TimescaleDB {timescaledb}{community}" if timescaledb else ", no TimescaleDB"),
        size / 1e6,
        _load(connection) if loaded else None,
        _build(connection) if built else None,
        _verdict(connection) if judged else None,
        tuple(_tables(connection, declared, bool(timescaledb))),
        tuple(
            Job(name, of, _told(at), outcome, at.timestamp() if at else None)
            for name, of, at, outcome in _rows(connection, JOBS)
        )
        if timescaledb
        else (),
        tuning.ask(connection) if target.name == "server" else None,
    )


def _load(connection: Any) -> Step | None:
    for number, finished, source, outcome, seconds in _rows(connection, LOAD):
        if finished is None:
            return Step(None, False, f"number {number} of {source} did not finish: it runs, or was killed")
        said = f"{_told(finished)}, {source}, {seconds:.1f} s: {outcome}"
        return Step(_told(finished), outcome == "well", said, finished.timestamp())
    return None


def _build(connection: Any) -> Step | None:
    ((at, relations, load),) = _rows(connection, BUILD)
    if at is None:
        return None
    return Step(_told(at), True, f"{_told(at)}, {relations} relations, from load {load}", at.timestamp())


def _verdict(connection: Any) -> Step | None:
    for at, passed, failures, warnings, quick, checkpoint in _rows(connection, VERDICT):
        word = "passed" if passed else "failed"
        found = f"{counted(failures, 'failure')}, {counted(warnings, 'warning')}"
        said = f"{_told(at)}, {checkpoint}{' --quick' if quick else ''}: {word}, {found}"
        return Step(_told(at), passed, said, at.timestamp(), {"failures": failures, "warnings": warnings})
    return None


def _tables(connection: Any, declared: Catalog, timescale: bool) -> Iterator[Table]:
    names = [*declared.tables, *declared.aggregates]
    sizes: dict[str, tuple[int, float | None]] = {}
    if timescale:
        schema = extension.ask(connection)
        for name, size, saved in _rows(connection, HYPERTABLES.replace("{schema}", schema)):
            sizes[name] = (size, None if saved is None else float(saved))
        for name, size in _rows(connection, AGGREGATES.replace("{schema}", schema)):
            sizes[name] = (size, None)
    there = {name: (size, dated) for name, size, dated in _rows(connection, THERE, names)}
    today = datetime.now(UTC).date()
    for name in names:
        if name not in there:
            continue
        size, dated = there[name]
        bucket = declared.aggregates[name].bucket if name in declared.aggregates else "date" if dated else None
        newest = f"max({quote(bucket)})::date" if bucket else "null::date"
        rows, day = _counted(connection, f"select count(*), {newest} from public.{quote(name)}")
        size, saved = sizes.get(name, (size, None))
        yield Table(
            name, rows, day.isoformat() if day else None, (today - day).days if day else None, size / 1e6, saved
        )


def _counted(connection: Any, statement: str) -> tuple[int | None, Any]:
    try:
        _rows(connection, f"set statement_timeout = '{PATIENCE}'", fetch=False)
        ((rows, day),) = _rows(connection, statement)
    except psycopg2.errors.QueryCanceled:
        return None, None
    finally:
        _rows(connection, "reset statement_timeout", fetch=False)
    return int(rows), day


def _rows(connection: Any, statement: str, *values: object, fetch: bool = True) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall()) if fetch else []


def _told(moment: Any) -> str | None:
    return moment.astimezone(UTC).strftime(MOMENT) if moment else None
