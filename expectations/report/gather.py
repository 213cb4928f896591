"""Everything for the report: what the run has found out, and what the target was asked beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from expectations import queries
from expectations.parity.columns import Summary
from expectations.report.facts import Asked, Facts, Occasion, Pulse, QueryTime, SourceFile, Summed
from expectations.session import Session
from quant.paths import as_text


def gather(session: Session, occasion: Occasion, source: Path, asked: Asked) -> Facts:
    """All facts of a run that has ended."""
    seen = source.stat()
    return Facts(
        occasion=occasion,
        target=session.target.name,
        source=SourceFile(Path(as_text(source)).name, seen.st_size, datetime.fromtimestamp(seen.st_mtime, UTC)),
        columns=tuple(_columns(session)),
        times=tuple(_times(session)),
        pulse=_pulse(session),
        weakened=tuple(one for found in session.judged_rules.values() for one in found.weakened),
        **{field.name: getattr(asked, field.name) for field in fields(asked)},
    )


def _columns(session: Session) -> Iterator[Summed]:
    for table, compared in session.comparisons.items():
        for place, one in zip(("raw", "public"), compared, strict=True):
            if one is None:
                continue
            differences = one.wanted.differences(one.found)
            for column, found in one.found.items():
                wanted = one.wanted.get(column, Summary(found.kind)).shown()
                yield Summed(place, table, column, wanted, found.shown(), tuple(differences.get(column, ())))


def _times(session: Session) -> Iterator[QueryTime]:
    for query in queries.QUERIES:
        if query.meaning in session.timings:
            timing = session.timings[query.meaning]
            yield QueryTime(
                query.meaning,
                query.table,
                query.budget(session.target.name),
                timing.p95 if timing else None,
                timing.rows if timing else 0,
                timing.plan if timing else (),
            )


def _pulse(session: Session) -> Pulse | None:
    pulses = session.pulses
    return Pulse(max(pulses), queries.PULSE.budget(session.target.name)) if pulses else None
