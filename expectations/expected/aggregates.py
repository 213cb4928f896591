"""Suite aggregates: each aggregate is filled, up to date, and what its rows give when they are summed up again."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Aggregate, Catalog
from expectations.expected.again import Again, worked_out
from expectations.expected.base import Expected, no_rows
from expectations.expected.buckets import begin
from loader.source import quote
from quant.text import literal


def aggregates(declared: Catalog) -> Iterator[Expected]:
    """Bars of prices are held against a definition of their own, any other against the SQL of its model."""
    for aggregate in declared.aggregates.values():
        yield from _aggregate(aggregate, worked_out(aggregate, declared))


def _aggregate(aggregate: Aggregate, again: Again) -> Iterator[Expected]:
    bucket, name = aggregate.bucket, f"public.{quote(aggregate.name)}"
    yield no_rows(
        f"{aggregate.name} is not empty",
        (f"{aggregate.name} is empty, and there are {again.row}s",),
        f"select min({again.day}) as first_day, max({again.day}) as last_day from {again.rows} "
        f"and not exists (select from {name}) having count(*) > 0",
    )
    yield no_rows(
        f"{aggregate.name} reaches the {bucket} of the last {again.row}",
        (f"{aggregate.name} does not end with the {bucket} of the last {again.row}",),
        f"select latest, wanted from (select max({quote(bucket)})::date from {name}) as a (latest), "
        f"(select {begin(aggregate.width, f'max({again.day})')} from {again.rows}) "
        "as d (wanted) where latest is distinct from wanted",
    )
    yield no_rows(
        f"{aggregate.name} stores no {bucket} that is not over",
        (f"{aggregate.name} stores a {bucket} that is not over",),
        "select timestamp 'epoch' + least(watermark / 1000000, 253402300799) * interval '1 second' as stored_until "
        f"from {_bookkeeping(aggregate)} join _timescaledb_catalog.continuous_aggs_watermark using (mat_hypertable_id) "
        f"where watermark > extract(epoch from {begin(aggregate.width, 'current_date')}) * 1000000",
    )
    yield no_rows(
        f"every bucket of {aggregate.name} is what its {again.parts} give",
        (
            f"one bucket of {aggregate.name} is not what its {again.parts} give",
            f"{{}} buckets of {aggregate.name} are not what their {again.parts} give",
        ),
        f"{_differing(aggregate, again)} where not {_waits(aggregate)}",
    )
    yield no_rows(
        f"no bucket of {aggregate.name} waits for its refresh",
        (
            f"one bucket of {aggregate.name} waits for its refresh",
            f"{{}} buckets of {aggregate.name} wait for their refresh",
        ),
        f"{_differing(aggregate, again)} where exists (select from {_changes(aggregate)}) and {_waits(aggregate)}",
        "warning",
    )


def _differing(aggregate: Aggregate, again: Again) -> str:
    """The buckets that differ from a summing up that uses none of TimescaleDB's functions, as `differing`."""
    bucket = quote(aggregate.bucket)
    compared = [name for name in aggregate.columns if name not in (*again.key, aggregate.bucket)]
    kept, wanted = (", ".join(f"{side}.{quote(name)}" for name in compared) for side in ("kept", "again"))
    differs = ", ".join(
        f"case when kept.{quote(name)} is distinct from again.{quote(name)} then {literal(name)} end"
        for name in compared
    )
    key = "".join(f"coalesce(again.{quote(name)}, kept.{quote(name)}) as {quote(name)}, " for name in again.key)
    ours, theirs = (
        ", ".join([*(f"{side}.{quote(name)}" for name in again.key), f"{side}.{bucket}::date"])
        for side in ("kept", "again")
    )
    return (
        f"with again as ({again.sql}), "
        f"differing as (select {key}coalesce(again.{bucket}, kept.{bucket})::date as {bucket}, "
        f"concat_ws(' ', {differs}) as differs "
        f"from again full join public.{quote(aggregate.name)} as kept on ({ours}) = ({theirs}) "
        f"where ({kept}) is distinct from ({wanted}) and ({again.history}) is not true) select * from differing"
    )


def _waits(aggregate: Aggregate) -> str:
    """Whether a stored bucket was changed since: TimescaleDB's logs name its time, or end on its first day (10296)."""
    after, before = (
        f"extract(epoch from {quote(aggregate.bucket)} {shift} interval '{aggregate.width}') * 1000000"
        for shift in "+-"
    )
    stored = f"extract(epoch from {quote(aggregate.bucket)}) * 1000000 < watermark"
    return f"exists (select from {_changes(aggregate)} and {stored} and lowest < {after} and greatest >= {before})"


def _changes(aggregate: Aggregate) -> str:
    """Changes of what is stored, in microseconds, each with the watermark."""
    log = "_timescaledb_catalog.continuous_aggs_{}_invalidation_log"
    span = "select lowest_modified_value as lowest, greatest_modified_value as greatest from"
    return (
        f"{_bookkeeping(aggregate)} join _timescaledb_catalog.continuous_aggs_watermark using (mat_hypertable_id) "
        f"cross join lateral ({span} {log.format('hypertable')} where hypertable_id = raw_hypertable_id "
        f"union all {span} {log.format('materialization')} where materialization_id = mat_hypertable_id) as changed "
        "where lowest < watermark"
    )


def _bookkeeping(aggregate: Aggregate) -> str:
    return (
        "(select mat_hypertable_id, raw_hypertable_id from _timescaledb_catalog.continuous_agg "
        f"where user_view_schema = 'public' and user_view_name = {literal(aggregate.name)}) as aggregate"
    )
