"""The sections of the report about what TimescaleDB does: aggregates, hypertables, compression, jobs."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.report.blocks import Block, Figure, Paragraph, Table
from expectations.report.facts import Facts, Hypertable
from expectations.report.pictures import chunks, compression, lag
from expectations.report.wording import NOTHING, day, every, listed, moment, number, percent, size
from expectations.verdict import Verdict
from quant.text import counted

HEALTH = "health"


def aggregates(facts: Facts) -> Iterator[Block]:
    """How far the aggregates reach."""
    if not facts.lags:
        yield Paragraph("There are no aggregates.")
        return
    if any(one.newest and one.base for one in facts.lags):
        yield Figure(
            lag(facts.lags),
            "The newest bucket of each aggregate (strong) after those before it (pale). It is current when the newest "
            "daily row, the upright line, falls into it. The triangle below marks up to where the aggregate is stored; "
            "anything later is worked out when it is asked for.",
        )
    yield Table(
        head=("aggregate", "buckets", "newest bucket", "stored up to", "newest daily row", "days not stored", "state"),
        rows=[
            (
                *(
                    one.name,
                    number(one.buckets),
                    day(one.newest),
                    day(one.materialized),
                    day(one.base),
                    number(one.days),
                ),
                "current" if one.current else "behind",
            )
            for one in facts.lags
        ],
        numeric=frozenset({1, 2, 3, 4, 5}),
        marked=frozenset(place for place, one in enumerate(facts.lags) if not one.current),
    )


def health(verdict: Verdict, facts: Facts) -> Iterator[Block]:
    """How TimescaleDB keeps the tables, and whether its jobs run."""
    yield Paragraph(_summary(verdict))
    if verdict.health:
        yield Table(head=("", ""), rows=verdict.health.lines())
    if not facts.hypertables:
        yield Paragraph("There are no hypertables.")
        return
    yield Table(
        head=("hypertable", "by", "chunks of", "chunks", "compressed", "size", "segment by", "order by"),
        rows=[
            (
                *(one.name, one.time_column, one.interval, number(one.chunks), number(one.compressed)),
                *(size(one.size), one.segment_by or NOTHING, one.order_by or NOTHING),
            )
            for one in facts.hypertables
        ],
        numeric=frozenset({3, 4, 5}),
        caption="The hypertables as they are, with the size of all their chunks and indexes.",
    )
    yield from _compression([one for one in facts.hypertables if one.packed])
    yield from _jobs(facts)


def _summary(verdict: Verdict) -> str:
    asked = [check for check in verdict.checks if check.suite == HEALTH]
    if not asked:
        return "The suite health was not asked in this run; what follows is as TimescaleDB tells it."
    met = sum(check.met for check in asked)
    if met == len(asked):
        return f"All {counted(len(asked), 'expectation')} about chunks, compression, policies and indexes are met."
    return f"{met:,} of {counted(len(asked), 'expectation')} about chunks, compression, policies and indexes are met."


def _compression(packed: list[Hypertable]) -> Iterator[Block]:
    if not packed:
        yield Paragraph("No chunk is compressed yet.")
        return
    table = Table(
        head=("hypertable", "before", "now", "saved"),
        rows=[
            (one.name, size(one.packed.before), size(one.packed.after), percent(one.packed.saved))
            for one in packed
            if one.packed
        ],
        numeric=frozenset({1, 2, 3}),
    )
    caption = "Compressed chunks with their indexes, before (pale) and as they are now (strong)."
    yield Figure(compression(packed), caption, table)
    for one in packed:
        if len(one.history) > 1:
            yield Figure(
                chunks(one),
                f"The compressed chunks of {one.name}, each from the month below it: before (pale) and now (strong). "
                "The newest chunks are left as they are until the policy’s age is reached.",
            )


def _jobs(facts: Facts) -> Iterator[Block]:
    if not facts.jobs:
        yield Paragraph("There are no background jobs.")
        return
    yield Table(
        head=("job", "table", "every", "last run", "outcome", "runs", "failed", "next run"),
        rows=[
            (
                *(f"{one.task} ({one.number})", one.relation or NOTHING, every(one.every), moment(one.last)),
                one.state,
                *(number(one.runs), number(one.failures), moment(one.next)),
            )
            for one in facts.jobs
        ],
        numeric=frozenset({5, 6}),
        caption="The jobs that compress chunks and refresh aggregates, with any other that failed at its last run.",
        marked=frozenset(place for place, one in enumerate(facts.jobs) if one.state in ("failed", "switched off")),
    )
    for said in dict.fromkeys(one.said for one in facts.jobs if one.said):
        failed = [str(one.number) for one in facts.jobs if one.said == said]
        yield Paragraph(f"The last error of {'job' if len(failed) == 1 else 'the jobs'} {listed(failed)}: {said}")
