"""How fast the queries are, how small compression makes the tables, and how fresh everything is."""

from __future__ import annotations

from typing import Any

from expectations.report.facts import Facts
from expectations.report.pictures import chunks, compression, times
from expectations.report.tables import Table
from expectations.report.wording import day, milliseconds, moment, number, percent, size
from expectations.verdict import Verdict


def context(verdict: Verdict, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    """Tables and pictures of the section."""
    packed = [one for one in facts.hypertables if one.packed]
    return {
        "times": times(facts.times, facts.pulse) if any(one.p95 for one in facts.times) else None,
        "timed": bool(facts.times),
        "budgets": _budgets(facts),
        "pulse": facts.pulse,
        "hypertables": len(facts.hypertables),
        "compression": compression(packed) if packed else None,
        "sizes": _sizes(facts),
        "chunks": [(one.name, chunks(one)) for one in packed if len(one.history) > 1],
        "moments": _moments(facts),
        "aggregates": _aggregates(facts),
    }


def _budgets(facts: Facts) -> Table:
    return Table(
        head=("query", "p95, ms", "budget, ms", "rows"),
        rows=[
            (
                one.meaning,
                "no rows yet" if one.p95 is None else milliseconds(one.p95),
                f"{one.budget:g}",
                number(one.rows),
            )
            for one in facts.times
        ],
        numeric=frozenset({1, 2, 3}),
        marked=frozenset(place for place, one in enumerate(facts.times) if one.beyond),
    )


def _sizes(facts: Facts) -> Table:
    return Table(
        head=("hypertable", "before", "now", "saved"),
        rows=[
            (one.name, size(one.packed.before), size(one.packed.after), percent(one.packed.saved))
            for one in facts.hypertables
            if one.packed
        ],
        numeric=frozenset({1, 2, 3}),
    )


def _moments(facts: Facts) -> Table:
    newest = max((one.base for one in facts.lags if one.base), default=None)
    loaded = facts.load.finished if facts.load else None
    rows = [
        ("Source last written", moment(facts.source.changed)),
        ("Last load finished", moment(loaded)),
        ("Last build", moment(facts.built)),
        ("Newest daily price", day(newest)),
    ]
    return Table(head=("", ""), rows=rows)


def _aggregates(facts: Facts) -> Table:
    return Table(
        head=("aggregate", "buckets", "newest bucket", "stored up to", "newest daily row", "days not stored", "state"),
        rows=[
            (
                *(one.name, number(one.buckets), day(one.newest), day(one.materialized), day(one.base)),
                *(number(one.days), "current" if one.current else "behind"),
            )
            for one in facts.lags
        ],
        numeric=frozenset({1, 2, 3, 4, 5}),
        marked=frozenset(place for place, one in enumerate(facts.lags) if not one.current),
    )
