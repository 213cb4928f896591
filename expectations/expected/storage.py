"""How TimescaleDB keeps the tables: hypertables, their chunks, compression, policies and aggregates."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Aggregate, Catalog, Hypertable, TargetTable
from expectations.expected.base import Expected, no_rows
from loader.source import quote
from quant.text import literal

BEFORE_216 = "(select split_part(extversion, '.', 2)::int < 16 from pg_extension where extname = 'timescaledb')"

# Of a job that runs and goes on running: one out of retries is not scheduled again, one without a login never starts.
AT_WORK = """
    j.scheduled and j.max_retries = -1 and j.max_runtime = interval '0'
    and coalesce(j.next_start, j.initial_start, now()) < now() + j.schedule_interval + interval '2 days'
    and exists (select from pg_roles as r where r.rolname = j.owner::text and r.rolcanlogin)
"""

# The one job that is the project's own, for all aggregates: docs/decisions/0007.
OURS = "j.proc_schema = 'audit' and j.proc_name = 'policy_refresh_continuous_aggregate'"

# TimescaleDB's upkeep of itself, such as telemetry and its own history: no table of the project hangs on it.
INTERNAL = "j.hypertable_name is null and j.proc_schema like '\\_timescaledb\\_%'"

# A policy of an aggregate is listed by the name of the view or of the hypertable below it, as versions have it.
JOBS = """
    (
        select
            j.*, coalesce(a.view_schema, j.hypertable_schema) as on_schema,
            coalesce(a.view_name, j.hypertable_name) as on_name
        from timescaledb_information.jobs as j
        left join timescaledb_information.continuous_aggregates as a
        on j.hypertable_schema = a.materialization_hypertable_schema
        and j.hypertable_name = a.materialization_hypertable_name
    )
"""

# A chunk without what its table has lets in what the table refuses, and finds more slowly or not at all.
CHUNKS = """
    with pieces as (
        select
            to_regclass(format('%I.%I', hypertable_schema, hypertable_name)) as whole,
            to_regclass(format('%I.%I', chunk_schema, chunk_name)) as piece, chunk_name as chunk
        from timescaledb_information.chunks
        where {this}
    ),

    constraints as (
        select conrelid as relation, conname as name, contype as kind, pg_get_constraintdef(oid) as told
        from pg_constraint where contype in ('c', 'f', 'p', 'u', 'x')
    ),

    indexes as (
        select
            indrelid as relation, indisunique as sole,
            regexp_replace(pg_get_indexdef(indexrelid), '^CREATE( UNIQUE)? INDEX .*? USING', '\\1 index') as told
        from pg_index where indisvalid and indisready and indislive
    ),

    columns as (
        select
            attrelid as relation, format('%I %s', attname, format_type(atttypid, atttypmod)) as told,
            attnotnull as required
        from pg_attribute where attnum > 0 and not attisdropped
    )

    select chunk, 'is gone' as finding from pieces where piece is null
    union all
    select chunk, 'is no part of its table: its rows are not seen' from pieces
    where not exists (select from pg_inherits where inhrelid = piece and inhparent = whole)
    union all
    select chunk, 'lacks ' || told from pieces join constraints on relation = whole and kind <> 't'
    where not exists (select from constraints as c where c.relation = piece and c.told = constraints.told)
    union all
    select chunk, 'has of its own ' || told from pieces join constraints on relation = piece
    where not exists (select from constraints as c where c.relation = whole and c.told = constraints.told)
    and not exists (
        select from _timescaledb_catalog.chunk_constraint as k
        where k.constraint_name = name and k.dimension_slice_id is not null
    )
    union all
    select chunk, 'lacks the' || told from pieces join indexes on relation = whole
    where not exists (select from indexes as i where i.relation = piece and i.told = indexes.told)
    union all
    select chunk, 'has of its own a' || told from pieces join indexes on relation = piece and sole
    where not exists (select from indexes as i where i.relation = whole and i.told = indexes.told)
    union all
    select chunk, told || case when required then ' lets NULL in' else ' refuses NULL' end
    from pieces join columns on relation = whole
    where not exists (
        select from columns as c where c.relation = piece and (c.told, c.required) = (columns.told, columns.required)
    )
"""


def storage(declared: Catalog) -> Iterator[Expected]:
    """Chunks, compression, policies and aggregates as declared, and no policy that nobody has declared."""
    for table in declared.tables.values():
        if table.hypertable:
            yield from _hypertable(table, table.hypertable)
            if table.name in declared.sources:
                yield _retained(table.name, table.hypertable.time_column)
    for aggregate in declared.aggregates.values():
        yield from _aggregate(aggregate)
    yield _undeclared(declared)
    yield no_rows(
        "no background job failed at its last run",
        ("one background job failed at its last run", "{} background jobs failed at their last run"),
        "select j.job_id, j.proc_name, j.hypertable_name, s.last_run_started_at "
        "from timescaledb_information.job_stats s join timescaledb_information.jobs j using (job_id) "
        f"where s.last_run_status = 'Failed' and s.job_status <> 'Running' and not ({INTERNAL})",
        "warning",
    )
    yield no_rows(
        "every background job is one of TimescaleDB's own, or refreshes the aggregates",
        (
            "one background job is neither TimescaleDB's own, nor refreshes the aggregates",
            "{} background jobs are neither TimescaleDB's own, nor refresh the aggregates",
        ),
        f"select job_id, proc_schema, proc_name, config from timescaledb_information.jobs as j where not ({OURS}) "
        "and exists (select from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace "
        "where (n.nspname, p.proname) = (j.proc_schema, j.proc_name) and not exists (select from pg_depend as d "
        "where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'))",
        "warning",
    )


def _retained(name: str, time_column: str) -> Expected:
    """A build leaves out what the source has from before that day."""
    return no_rows(
        f"audit.retention knows of no days of {name} as gone that are there",
        (
            f"one day of {name} is there that audit.retention knows as gone",
            f"{{}} days of {name} are there that it knows as gone",
        ),
        f"select {time_column}, count(*) as rows from public.{quote(name)} "
        f"where source_rowid is not null and {time_column} < "
        f"(select retained_from from audit.retention where hypertable = 'public.{name}') group by 1",
    )


def _hypertable(table: TargetTable, kept: Hypertable) -> Iterator[Expected]:
    name, this = table.name, f"hypertable_schema = 'public' and hypertable_name = {literal(table.name)}"
    yield some(
        f"{name} is a hypertable on {kept.time_column} in chunks of {kept.chunk_interval}",
        f"{name} is no hypertable on {kept.time_column} in chunks of {kept.chunk_interval}",
        f"select from timescaledb_information.dimensions where {this} and column_name = {literal(kept.time_column)} "
        f"and time_interval = interval {literal(kept.chunk_interval)}",
    )
    yield some(
        f"{name} is compressed by {kept.segment_by} in the order {kept.order_by}",
        f"{name} is not compressed by {kept.segment_by} in the order {kept.order_by}",
        "select from (select string_agg(attname, ', ' order by segmentby_column_index) "
        "filter (where segmentby_column_index is not null) as segment_by, "
        "string_agg(attname || case when orderby_asc then '' else ' desc' end || "
        "case when orderby_nullsfirst = orderby_asc then ' nulls otherwise' else '' end, "
        "', ' order by orderby_column_index) filter (where orderby_column_index is not null) as order_by "
        f"from timescaledb_information.compression_settings where {this}) as s where {_layout(table, kept)}",
    )
    yield _policy(
        f"{name} has a policy that compresses after {kept.compress_after}",
        f"{name} has no policy that compresses after {kept.compress_after}",
        name,
        ("policy_compression", "policy_columnstore"),
        f"(config ->> 'compress_after')::interval = interval {literal(kept.compress_after)}",
    )
    if kept.drop_after != "never":
        yield _policy(
            f"{name} has a policy that drops after {kept.drop_after}",
            f"{name} has no policy that drops after {kept.drop_after}",
            name,
            ("policy_retention",),
            f"(config ->> 'drop_after')::interval = interval {literal(kept.drop_after)}",
        )
    yield _chunks(name, this)
    yield no_rows(
        f"every chunk of {name} that is older than {kept.compress_after} is compressed",
        (
            f"one chunk of {name} that is older than {kept.compress_after} is not compressed",
            f"{{}} chunks of {name} that are older than {kept.compress_after} are not compressed",
        ),
        f"select chunk_name, range_start, range_end from timescaledb_information.chunks where {this} "
        f"and not is_compressed and range_end < now() - interval {literal(kept.compress_after)}",
    )


def _chunks(name: str, this: str) -> Expected:
    finding = (f"a chunk of {name} is not as its table", f"chunks of {name} are not as their table, in {{}} points")
    return no_rows(f"every chunk of {name} is as its table", finding, CHUNKS.format(this=this))


def _layout(table: TargetTable, kept: Hypertable) -> str:
    """The condition on segment_by and order_by: before 2.16 the columns of foreign keys have to be segmented by."""
    declared = f"(segment_by, order_by) = ({literal(kept.segment_by)}, {literal(kept.order_by)})"
    referring = [column for foreign in table.foreign_keys for column in foreign.columns]
    if not referring:
        return declared
    segments = dict.fromkeys((*referring, *kept.segment_by.split(", ")))
    order = (column for column in kept.order_by.split(", ") if column.split(" ")[0] not in segments)
    return (
        f"case when {BEFORE_216} then (segment_by, order_by) = "
        f"({literal(', '.join(segments))}, {literal(', '.join(order))}) else {declared} end"
    )


def _aggregate(aggregate: Aggregate) -> Iterator[Expected]:
    view = f"view_schema = 'public' and view_name = {literal(aggregate.name)}"
    yield some(
        f"{aggregate.name} is a real-time continuous aggregate",
        f"{aggregate.name} is no real-time continuous aggregate",
        f"select from timescaledb_information.continuous_aggregates where {view} and not materialized_only",
    )
    below = "select materialization_hypertable_schema, materialization_hypertable_name"
    yield _chunks(
        aggregate.name,
        "(hypertable_schema, hypertable_name) in "
        f"({below} from timescaledb_information.continuous_aggregates where {view})",
    )
    yield some(
        f"the job that refreshes {aggregate.name} runs every {aggregate.every}",
        f"no job refreshes {aggregate.name} every {aggregate.every}",
        f"select from timescaledb_information.jobs as j where {OURS} "
        f"and schedule_interval = interval {literal(aggregate.every)} "
        f"and (config ->> 'end_offset')::interval = interval {literal(aggregate.lag)} "
        f"and config -> 'aggregates' ? {literal('public.' + aggregate.name)} and {AT_WORK}",
    )
    yield no_rows(
        f"no other policy refreshes {aggregate.name}",
        (f"another policy refreshes {aggregate.name}", f"{{}} other policies refresh {aggregate.name}"),
        "select job_id, proc_name, config from timescaledb_information.jobs as j "
        "join _timescaledb_catalog.continuous_agg on mat_hypertable_id = (config ->> 'mat_hypertable_id')::int "
        f"where not ({OURS}) and user_view_schema = 'public' and user_view_name = {literal(aggregate.name)} "
        "and proc_name = 'policy_refresh_continuous_aggregate'",
    )


def _policy(description: str, finding: str, name: str, procedures: tuple[str, ...], told: str) -> Expected:
    listed = ", ".join(map(literal, procedures))
    return some(
        description,
        finding,
        f"select from {JOBS} as j where on_schema = 'public' and on_name = {literal(name)} "
        f"and proc_name in ({listed}) and {told} and {AT_WORK}",
    )


def _undeclared(declared: Catalog) -> Expected:
    """Retention drops rows, whoever has added it."""
    dropping = [
        name for name, table in declared.tables.items() if table.hypertable and table.hypertable.drop_after != "never"
    ]
    names = ", ".join(map(literal, [*declared.tables, *declared.aggregates]))
    allowed = f" and on_name not in ({', '.join(map(literal, dropping))})" if dropping else ""
    return no_rows(
        "no policy drops rows that is not declared",
        ("one policy drops rows without being declared", "{} policies drop rows without being declared"),
        f"select job_id, on_name, config ->> 'drop_after' as drop_after from {JOBS} as j "
        f"where proc_name = 'policy_retention' and on_schema = 'public' and on_name in ({names}){allowed}",
    )


def some(description: str, finding: str, query: str) -> Expected:
    """The query must return a row."""
    return no_rows(description, (finding,), f"select 'it is not so' as finding where not exists ({query})")
