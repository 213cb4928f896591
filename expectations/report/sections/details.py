"""Everything else, folded: what was compared, suites, columns, hypertables, jobs and plans."""

from __future__ import annotations

from typing import Any

from expectations.parity.columns import SHOWN
from expectations.report.facts import Facts, Summed
from expectations.report.tables import Table
from expectations.report.wording import NOTHING, duration, every, listed, moment, number, size
from expectations.verdict import Check, Verdict

MEANINGS = {
    "counts": "no row lost or added, by number",
    "columns": "NULLs, smallest and largest values and sums of every column",
    "values": "every value of every row, source against raw and public",
    "fingerprints": "the prices of each ticker, month by month",
    "keys": "keys unique, references and checks true of the data",
    "aggregates": "filled, current, and equal to the daily rows summed up again",
    "constraints": "the source’s NOT NULLs, defaults and unique keys",
    "content": "what looks wrong in the data itself",
    "factors": "factor scores, and those of some days worked out again",
    "health": "hypertables, compression, policies and indexes as declared",
    "speed": "the platform’s queries within their budgets",
}


def context(verdict: Verdict, facts: Facts) -> dict[str, Any]:
    """The tables of the section."""
    evaluated = {name: [one for one in verdict.checks if one.suite == name] for name in facts.occasion.declared}
    return {
        "compared": _compared(verdict, facts),
        "suites": _suites(evaluated, facts),
        "expectations": [(name, len(checks), _all(checks)) for name, checks in evaluated.items() if checks],
        "columns": [(name, len({one.column for one in summed}), _summed(summed)) for name, summed in _tables(facts)],
        "health": Table(head=("", ""), rows=verdict.health.lines()) if verdict.health else None,
        "hypertables": _hypertables(facts),
        "jobs": _jobs(facts),
        "said": [(listed(numbers), text) for text, numbers in _said(facts).items()],
        "plans": [(one.meaning, one.plan) for one in facts.times if one.plan],
    }


def _compared(verdict: Verdict, facts: Facts) -> Table:
    load, file = facts.load, facts.source
    loaded = "never" if load is None else f"number {load.number:,}, finished {moment(load.finished)}"
    return Table(
        head=("", ""),
        rows=(
            ("Source", f"{file.name}, {size(file.size)}, last written {moment(file.changed)}"),
            ("Target", verdict.target),
            ("Last load", loaded + (f", {load.outcome}" if load and load.outcome else "")),
            ("Run", f"began {moment(facts.occasion.began)}, took {duration(verdict.seconds)}"),
            ("Suites", listed(facts.occasion.suites)),
            ("Versions", ", ".join(f"{name} {version}" for name, version in facts.versions.items())),
        ),
    )


def _suites(evaluated: dict[str, list[Check]], facts: Facts) -> Table:
    rows, marked = [], set()
    for place, (name, checks) in enumerate(evaluated.items()):
        passed, errors = sum(check.passed for check in checks), sum(bool(check.error) for check in checks)
        failed = sum(check.decides and not check.passed and not check.error for check in checks)
        figures = (passed, len(checks) - passed - errors - failed, failed, errors)
        shown = figures if name in facts.occasion.suites else (None,) * 4
        meaning = MEANINGS.get(name, "of your own")
        rows.append((name, meaning, number(facts.occasion.declared.get(name)), *map(number, shown)))
        marked |= {place} if failed or errors else set()
    return Table(
        head=("suite", "what it expects", "expectations", "passed", "warnings", "failed", "not evaluated"),
        rows=rows,
        numeric=frozenset(range(2, 7)),
        marked=frozenset(marked),
    )


def _all(checks: list[Check]) -> Table:
    words = [("not evaluated" if one.error else "passed" if one.passed else "failed") for one in checks]
    return Table(
        head=("expectation", "severity", "outcome"),
        rows=[(one.description, one.severity, word) for one, word in zip(checks, words, strict=True)],
        marked=frozenset(place for place, word in enumerate(words) if word != "passed"),
    )


def _tables(facts: Facts) -> list[tuple[str, list[Summed]]]:
    tables: dict[str, list[Summed]] = {}
    for one in facts.columns:
        tables.setdefault(one.table, []).append(one)
    return list(tables.items())


def _summed(columns: list[Summed]) -> Table:
    """A line for each column and place; one for both where they are alike, and one for the source where it is not."""
    lines: dict[tuple[str, ...], list[str]] = {}
    names = [one.column for one in columns]
    for one in sorted(columns, key=lambda one: names.index(one.column)):
        lines.setdefault((one.column, *one.found), []).append(one.place)
        if one.unlike:
            lines.setdefault((one.column, *one.wanted), []).append("source")
    return Table(
        head=("column", "in", *SHOWN),
        rows=[(name, listed(places), *values) for (name, *values), places in lines.items()],
        numeric=frozenset({2, 3, 6}),
        marked=frozenset(place for place, places in enumerate(lines.values()) if "source" in places),
    )


def _hypertables(facts: Facts) -> Table:
    return Table(
        head=("hypertable", "by", "chunks of", "chunks", "compressed", "size", "segment by", "order by"),
        rows=[
            (
                *(one.name, one.time_column, one.interval, number(one.chunks), number(one.compressed)),
                *(size(one.size), one.segment_by or NOTHING, one.order_by or NOTHING),
            )
            for one in facts.hypertables
        ],
        numeric=frozenset({3, 4, 5}),
    )


def _jobs(facts: Facts) -> Table:
    return Table(
        head=("job", "table", "every", "last run", "outcome", "runs", "failed", "next run"),
        rows=[
            (
                *(f"{one.task} ({one.number})", one.relation or NOTHING, every(one.every), moment(one.last)),
                *(one.state, number(one.runs), number(one.failures), moment(one.next)),
            )
            for one in facts.jobs
        ],
        numeric=frozenset({5, 6}),
        marked=frozenset(place for place, one in enumerate(facts.jobs) if one.state in ("failed", "switched off")),
    )


def _said(facts: Facts) -> dict[str, list[str]]:
    """The last errors of jobs, each with the numbers of those that said so."""
    said: dict[str, list[str]] = {}
    for one in facts.jobs:
        if one.said:
            said.setdefault(one.said, []).append(str(one.number))
    return said
