"""Ask the target for what a report tells beside the verdict: plain SQL, and nothing where something is not there.

It depends on nothing that a run finds out, and counts what is large: so it is asked while values are compared.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime
from importlib import metadata
from typing import Any

import psycopg2.extensions

from expectations.catalog import Aggregate, Catalog
from expectations.expected.again import worked_out
from expectations.expected.storage import INTERNAL
from expectations.report import factors, past, prices
from expectations.report.facts import (
    Asked,
    Chunk,
    Held,
    Hypertable,
    Job,
    Lag,
    Load,
    Packed,
    Timescale,
)
from expectations.session import Session
from loader.source import quote
from quant.server import extension

HYPERTABLES = """
    select
        d.hypertable_name, d.column_name, d.time_interval::text,
        (select count(*) from timescaledb_information.chunks c where c.hypertable_schema = d.hypertable_schema
            and c.hypertable_name = d.hypertable_name),
        (select count(*) from timescaledb_information.chunks c where c.hypertable_schema = d.hypertable_schema
            and c.hypertable_name = d.hypertable_name and c.is_compressed),
        coalesce({extension}.hypertable_size(format('%I.%I', d.hypertable_schema, d.hypertable_name)::regclass), 0),
        coalesce(s.segment_by, ''), coalesce(s.order_by, '')
    from timescaledb_information.dimensions d
    left join (
        select
            hypertable_schema, hypertable_name,
            string_agg(attname, ', ' order by segmentby_column_index)
                filter (where segmentby_column_index is not null) as segment_by,
            string_agg(attname || case when orderby_asc then '' else ' desc' end, ', ' order by orderby_column_index)
                filter (where orderby_column_index is not null) as order_by
        from timescaledb_information.compression_settings group by 1, 2
    ) s using (hypertable_schema, hypertable_name)
    where d.hypertable_schema = 'public' and d.dimension_number = 1
    order by 6 desc, 1
"""
PACKED = """
    select before_compression_total_bytes, after_compression_total_bytes
    from {extension}.hypertable_compression_stats(%s::regclass) where before_compression_total_bytes > 0
"""
CHUNKS = """
    select c.range_start::date, c.range_end::date, s.before_compression_total_bytes, s.after_compression_total_bytes
    from {extension}.chunk_compression_stats(%s::regclass) s
    join timescaledb_information.chunks c using (chunk_schema, chunk_name)
    where s.before_compression_total_bytes > 0 order by 1
"""
# A watermark is kept in microseconds, and is the smallest number or day while nothing is stored yet.
MATERIALIZED = """
    select (timestamp 'epoch' + w.watermark / 86400000000 * interval '1 day')::date
    from _timescaledb_catalog.hypertable h
    join timescaledb_information.continuous_aggregates a
        on h.schema_name = a.materialization_hypertable_schema and h.table_name = a.materialization_hypertable_name
    join _timescaledb_catalog.continuous_aggs_watermark w on w.mat_hypertable_id = h.id
    where a.view_schema = 'public' and a.view_name = %s and w.watermark / 86400000000 between -700000 and 100000000
"""
JOBS = """
    select
        j.job_id, j.proc_name,
        coalesce(a.view_name, j.hypertable_name, (
            select string_agg(split_part(name, '.', 2), ', ')
            from jsonb_array_elements_text(j.config -> 'aggregates') as name
        ), ''),
        j.schedule_interval::text, j.scheduled,
        case when isfinite(s.last_run_started_at) then s.last_run_started_at end,
        coalesce(s.last_run_status, ''), coalesce(s.total_runs, 0), coalesce(s.total_failures, 0),
        case when isfinite(s.next_start) then s.next_start end,
        case when s.last_run_status = 'Failed' then coalesce((
            select e.err_message from timescaledb_information.job_errors e
            where e.job_id = j.job_id order by e.start_time desc limit 1
        ), '') else '' end
    from timescaledb_information.jobs j
    left join timescaledb_information.job_stats s using (job_id)
    left join timescaledb_information.continuous_aggregates a
        on j.hypertable_name in (a.materialization_hypertable_name, a.view_name)
    where j.hypertable_name is not null or j.proc_schema = 'audit' or s.last_run_status = 'Failed' and not ({internal})
    order by 1
"""
# One reason names the row that won, another the key that has no parent: without them they are few.
REASON = (
    "regexp_replace(regexp_replace(reason, 'duplicate of rowid -?[0-9]+', 'another row has the same key'), "
    "'(no row in [^ ]+) for [^;]*', '\\1 for its key')"
)


def asking(session: Session, suites: Collection[str]) -> Callable[[], Asked]:
    """Begin to ask, and return what it takes to have the answers. Where no session is beside, that asks."""
    filled, catalog = session.survey.tables.keys(), session.survey.catalog

    def ask(connection: psycopg2.extensions.connection) -> Asked:
        return _Asking(connection, catalog, filled).asked("factors" in suites)

    if session.beside is None:
        return lambda: ask(session.ground.plain)
    return session.beside.submit(ask).result


class _Asking:
    def __init__(self, connection: psycopg2.extensions.connection, catalog: Catalog, filled: Collection[str]) -> None:
        self.connection = connection
        self.catalog = catalog
        self.filled = filled

    def asked(self, with_factors: bool) -> Asked:
        return Asked(
            load=self._load(),
            versions=dict(self._versions()),
            timescale=self._timescaledb(),
            own_tables=dict(self._own_tables()),
            hypertables=tuple(self._hypertables()),
            lags=tuple(self._lags()),
            jobs=tuple(self._jobs()),
            held=tuple(self._held()),
            built=self._built(),
            coverage=tuple(prices.coverage(self._rows)) if self._there(prices.YEARLY) else (),
            stubs=prices.on_stubs(self._rows, self.catalog) if self._there(prices.YEARLY, "public.tickers") else None,
            history=tuple(past.verdicts(self._rows)) if self._there(past.TABLE) else (),
            factors=tuple(factors.gather(self._rows)) if with_factors and self._there(factors.SUMMARY) else (),
        )

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def _there(self, *relations: str) -> bool:
        return all(self._rows("select to_regclass(%s) is not null", name)[0][0] for name in relations)

    def _timescale(self, *views: str) -> bool:
        return self._there(*(f"timescaledb_information.{view}" for view in views))

    def _load(self) -> Load | None:
        rows = self._rows("select load_id, finished_at, outcome from raw._loads order by load_id desc limit 1")
        return Load(rows[0][0], _utc(rows[0][1]), rows[0][2]) if rows else None

    def _versions(self) -> Iterator[tuple[str, str]]:
        yield "PostgreSQL", str(self._rows("select split_part(current_setting('server_version'), ' ', 1)")[0][0])
        if timescale := self._timescaledb():
            yield "TimescaleDB", timescale.version
        for title, package in (
            ("Great Expectations", "great-expectations"),
            ("dbt", "dbt-core"),
            ("quant-platform", "quant-platform"),
        ):
            try:
                yield title, metadata.version(package)
            except metadata.PackageNotFoundError:
                continue  # run from a checkout that was not installed
        yield "Python", platform.python_version()

    def _timescaledb(self) -> Timescale | None:
        found = self._rows(
            "select extversion, coalesce(current_setting('timescaledb.license', true), '') "
            "from pg_extension where extname = 'timescaledb'"
        )
        return Timescale(*found[0]) if found else None

    def _own_tables(self) -> Iterator[tuple[str, int]]:
        for name in sorted(self.catalog.tables.keys() - set(self.filled)):
            if self._there(f"public.{quote(name)}"):
                yield name, self._rows(f"select count(*) from public.{quote(name)}")[0][0]

    def _hypertables(self) -> Iterator[Hypertable]:
        if not self._timescale("dimensions", "chunks", "compression_settings"):
            return
        schema = extension.ask(self.connection)
        hypertables, packed_rows, chunk_rows = (one.format(extension=schema) for one in (HYPERTABLES, PACKED, CHUNKS))
        for name, column, interval, count, compressed, size, segment_by, order_by in self._rows(hypertables):
            relation = f"public.{quote(name)}"
            packed = [Packed(int(before), int(after)) for before, after in self._rows(packed_rows, relation)]
            chunks = [
                Chunk(_day(first), _day(end), Packed(int(before), int(after)))
                for first, end, before, after in self._rows(chunk_rows, relation)
            ]
            yield Hypertable(
                *(name, column, interval, count, compressed, size, segment_by, order_by),
                packed=packed[0] if packed else None,
                history=tuple(chunks),
            )

    def _lags(self) -> Iterator[Lag]:
        for aggregate in self.catalog.aggregates.values():
            if self._there(f"public.{quote(aggregate.name)}") and self._there(f"public.{quote(aggregate.base)}"):
                yield self._lag(aggregate)

    def _lag(self, aggregate: Aggregate) -> Lag:
        bucket = quote(aggregate.bucket)
        ((buckets, newest, end),) = self._rows(
            f"select count(*), max({bucket})::date, (max({bucket}) + interval '{aggregate.width}')::date "
            f"from public.{quote(aggregate.name)}"
        )
        again = worked_out(aggregate, self.catalog)
        ((base,),) = self._rows(f"select max({again.day})::date from {again.rows}")
        stored = None
        if self._timescale("continuous_aggregates") and self._there("_timescaledb_catalog.hypertable"):
            found = self._rows(MATERIALIZED, aggregate.name)
            stored = found[0][0] if found else None
        days = (None if day is None else _day(day) for day in (newest, end, stored, base))
        return Lag(aggregate.name, aggregate.bucket, buckets, *days)

    def _jobs(self) -> Iterator[Job]:
        if not self._timescale("jobs", "job_stats", "job_errors", "continuous_aggregates"):
            return
        found = self._rows(JOBS.format(internal=INTERNAL))
        for number, task, relation, every, scheduled, last, outcome, runs, failures, following, said in found:
            yield Job(
                number=number,
                task=task.removeprefix("policy_").removesuffix("_continuous_aggregate").replace("_", " "),
                relation=relation,
                every=every,
                scheduled=scheduled,
                last=_utc(last),
                outcome=outcome,
                runs=int(runs),
                failures=int(failures),
                next=_utc(following),
                said=said,
            )

    def _held(self) -> Iterator[Held]:
        for place in ("raw.rejected_rows", "audit.quarantine"):
            if self._there(place):
                counting = f"select table_name, {REASON}, count(distinct rowid) from {place} group by 1, 2"
                found = self._rows(f"{counting} order by 3 desc, 1, 2")
                yield from (Held(place, *row) for row in found)

    def _built(self) -> datetime | None:
        if not self._there("audit.build_state"):
            return None
        return _utc(self._rows("select max(built_at) from audit.build_state")[0][0])


def _utc(moment: datetime | str | None) -> datetime | None:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else None


def _day(day: date | str) -> date:
    """A day, or the last or first one of Python's calendar for what lies beyond it."""
    if isinstance(day, date):
        return day
    return date.min if day.startswith("-") or day.endswith("BC") else date.max
