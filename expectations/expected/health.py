"""Suite health: TimescaleDB keeps the tables as they are declared, and its jobs do their work."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Aggregate, Catalog, Hypertable, TargetTable
from expectations.expected.base import Expected, literal, no_rows

NAMES = {
    "varchar": "character varying",
    "decimal": "numeric",
    "timestamptz": "timestamp with time zone",
}
LEFT_OVERS = "__dbt_(backup|tmp)"
BEFORE_216 = "(select split_part(extversion, '.', 2)::int < 16 from pg_extension where extname = 'timescaledb')"


def health(declared: Catalog) -> Iterator[Expected]:
    """All that can go wrong with a table without a value in it changing."""
    for table in declared.tables.values():
        if table.hypertable:
            yield from _hypertable(table, table.hypertable)
        yield _columns(table)
        if table.indexes:
            yield _indexes(table)
        yield _constraints(table)
        yield from _ids(table)
    for aggregate in declared.aggregates.values():
        yield from _aggregate(aggregate)
    yield no_rows(
        "no index is invalid",
        "select c.relname as index from pg_index i join pg_class c on c.oid = i.indexrelid "
        "where not (i.indisvalid and i.indisready)",
    )
    yield no_rows(
        "dbt left no backup or temporary relation behind",
        "select n.nspname as schema, c.relname as relation "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        f"where n.nspname in ('public', 'audit', 'staging') and c.relname ~ '{LEFT_OVERS}'",
    )
    yield no_rows(
        "no background job failed at its last run",
        "select j.job_id, j.proc_name, j.hypertable_name, s.last_run_started_at "
        "from timescaledb_information.job_stats s join timescaledb_information.jobs j using (job_id) "
        "where s.last_run_status = 'Failed'",
        "warning",
    )


def _hypertable(table: TargetTable, kept: Hypertable) -> Iterator[Expected]:
    name, this = table.name, f"hypertable_schema = 'public' and hypertable_name = {literal(table.name)}"
    yield _some(
        f"{name} is a hypertable on {kept.time_column} in chunks of {kept.chunk_interval}",
        f"select from timescaledb_information.dimensions where {this} and column_name = {literal(kept.time_column)} "
        f"and time_interval = interval {literal(kept.chunk_interval)}",
    )
    yield _some(
        f"{name} is compressed by {kept.segment_by} in the order {kept.order_by}",
        "select from (select string_agg(attname, ', ' order by segmentby_column_index) "
        "filter (where segmentby_column_index is not null) as segment_by, "
        "string_agg(attname || case when orderby_asc then '' else ' desc' end, ', ' order by orderby_column_index) "
        "filter (where orderby_column_index is not null) as order_by "
        f"from timescaledb_information.compression_settings where {this}) as s "
        f"where {_layout(table, kept)}",
    )
    yield _some(
        f"{name} has a policy that compresses after {kept.compress_after}",
        "select from timescaledb_information.jobs where proc_name in ('policy_compression', 'policy_columnstore') "
        f"and {this} and scheduled "
        f"and (config ->> 'compress_after')::interval = interval {literal(kept.compress_after)}",
    )
    yield no_rows(
        f"every chunk of {name} that is older than {kept.compress_after} is compressed",
        f"select chunk_name, range_start, range_end from timescaledb_information.chunks where {this} "
        f"and not is_compressed and range_end < now() - interval {literal(kept.compress_after)}",
    )


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


def _columns(table: TargetTable) -> Expected:
    listed = ", ".join(
        f"({literal(name)}, {literal(_type(kind))}, {name in table.required or name in table.key}, "
        f"{name in table.clauses})"
        for name, kind in table.columns.items()
    )
    return no_rows(
        f"the columns of {table.name} are as declared",
        "select name as column, coalesce(format_type(atttypid, atttypmod), 'nothing') as found, type as declared, "
        "case when required then not null_is_refused end as null_is_let_in, "
        "case when filled then not fills_itself end as is_not_filled "
        f"from (values {listed}) as wanted (name, type, required, filled) left join (select attname, atttypid, "
        "atttypmod, attnotnull as null_is_refused, atthasdef or attidentity <> '' as fills_itself from pg_attribute "
        f"where attrelid = to_regclass({literal('public.' + table.name)}) and not attisdropped) as a on attname = name "
        "where format_type(atttypid, atttypmod) is distinct from type or required and not null_is_refused "
        "or filled and not fills_itself",
    )


def _type(declared: str) -> str:
    """A type as PostgreSQL itself names it."""
    base, bracket, width = declared.partition("(")
    return NAMES.get(base, base) + bracket + width.replace(" ", "")


def _indexes(table: TargetTable) -> Expected:
    listed = ", ".join(f"({literal(name)}, {literal(_bare(made))})" for name, made in table.indexes.items())
    return no_rows(
        f"the named indexes of {table.name} are there",
        f"select index, columns from (values {listed}) as wanted (index, columns) where not exists (select from "
        f"pg_indexes where schemaname = 'public' and tablename = {literal(table.name)} and indexname = index "
        "and translate(lower(indexdef), '()', '') like '% using btree ' || columns)",
    )


def _bare(definition: str) -> str:
    """An index's columns and condition without the brackets, of which PostgreSQL shows more than were declared."""
    return definition.lower().replace("(", "").replace(")", "")


def _constraints(table: TargetTable) -> Expected:
    """By their columns, for two foreign keys may lead to the same table; a check by its name alone."""
    wanted = [("p", f"PRIMARY KEY ({', '.join(table.key)})", "")]
    wanted += [("u", f"UNIQUE ({', '.join(columns)})", "") for columns in table.unique]
    for foreign in table.foreign_keys:
        referred = f"{foreign.table}({', '.join(foreign.referred)})"
        wanted.append(("f", f"FOREIGN KEY ({', '.join(foreign.columns)}) REFERENCES %{referred}", foreign.table))
    wanted += [("c", name, "") for name in table.checks]
    listed = ", ".join(f"({', '.join(map(literal, one))})" for one in wanted)
    return no_rows(
        f"{table.name} has its keys, foreign keys and checks",
        "select case kind when 'c' then 'CHECK ' || told else replace(told, '%', '') end as missing "
        f"from (values {listed}) as wanted (kind, told, parent) where not exists (select from pg_constraint c "
        f"where c.conrelid = to_regclass({literal('public.' + table.name)}) and c.contype::text = kind "
        "and c.convalidated and (kind <> 'f' or c.confrelid = to_regclass('public.' || parent)) "
        "and case kind when 'c' then conname = told "
        "else replace(pg_get_constraintdef(c.oid), '\"', '') like told || '%' end "
        "and not exists (select from pg_trigger where tgconstraint = c.oid and tgenabled = 'D'))",
    )


def _ids(table: TargetTable) -> Iterator[Expected]:
    """The ids of the source are kept, and they do not move a sequence by themselves."""
    for name, clause in table.clauses.items():
        if "identity" in clause:
            sequence = f"pg_get_serial_sequence({literal('public.' + table.name)}, {literal(name)})"
            yield no_rows(
                f"new ids of {table.name} come after those that are there",
                f"select max({name}) as greatest, pg_sequence_last_value({sequence}::regclass) as last_given "
                f"from public.{table.name} "
                f"having max({name}) > coalesce(pg_sequence_last_value({sequence}::regclass), 0)",
            )


def _aggregate(aggregate: Aggregate) -> Iterator[Expected]:
    view = f"view_schema = 'public' and view_name = {literal(aggregate.name)}"
    yield _some(
        f"{aggregate.name} is a real-time continuous aggregate",
        f"select from timescaledb_information.continuous_aggregates where {view} and not materialized_only",
    )
    if aggregate.policy:
        told = " and ".join(
            f"(config ->> '{name}')::interval = interval {literal(aggregate.policy[name])}"
            for name in ("start_offset", "end_offset")
        )
        yield _some(
            f"{aggregate.name} has its refresh policy, every {aggregate.policy['schedule']}",
            "select from timescaledb_information.jobs as j join timescaledb_information.continuous_aggregates as a "
            "on j.hypertable_name in (a.view_name, a.materialization_hypertable_name) "
            f"where {view} and proc_name = 'policy_refresh_continuous_aggregate' and scheduled and {told} "
            f"and schedule_interval = interval {literal(aggregate.policy['schedule'])}",
        )


def _some(description: str, query: str) -> Expected:
    """The query must return a row."""
    return no_rows(description, f"select 'it is not so' as finding where not exists ({query})")
