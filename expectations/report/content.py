"""Lay out a report: which sections it has, and what each says."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.parity.columns import SHOWN
from expectations.report import summary, timescale
from expectations.report.blocks import Block, Figure, Findings, Folded, Page, Paragraph, Section, Table
from expectations.report.facts import Facts, Summed
from expectations.report.pictures import held, rows, speed
from expectations.report.wording import duration, listed, milliseconds, moment, number, size
from expectations.verdict import Check, TableLine, Verdict
from quant.text import counted

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
REASONS = 20  # bars in the picture of the rows that are kept apart


def page(verdict: Verdict, facts: Facts) -> Page:
    """The whole report."""
    return Page(
        title=f"{verdict.checkpoint.replace('phase', 'Phase ')} validation report",
        word=summary.word(verdict),
        sentence=summary.sentence(verdict, facts),
        notes=verdict.notes,
        key=summary.key(verdict, facts),
        sections=(
            Section("findings", "What is not as expected", tuple(_findings(verdict))),
            Section("compared", "What was compared", (_compared(verdict, facts),)),
            Section("conservation", "Conservation", tuple(_conservation(verdict, facts))),
            Section("columns", "Columns", tuple(_columns(facts))),
            Section("kept-apart", "Rows kept apart", tuple(_kept_apart(verdict, facts))),
            Section("aggregates", "Aggregates", tuple(timescale.aggregates(facts))),
            Section("timescaledb", "TimescaleDB", tuple(timescale.health(verdict, facts))),
            Section("speed", "Query times", tuple(_speed(facts))),
            Section("suites", "Suites", tuple(_suites(verdict, facts))),
        ),
    )


def _findings(verdict: Verdict) -> Iterator[Block]:
    ordered = sorted(verdict.unmet, key=lambda check: check.severity != "critical")
    if verdict.failed or ordered:
        yield Findings((*verdict.failed, *ordered))
    else:
        yield Paragraph(f"Nothing: {counted(len(verdict.checks), 'expectation')} of {len(verdict.checks):,} are met.")


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
        caption="All times are UTC.",
    )


def _conservation(verdict: Verdict, facts: Facts) -> Iterator[Block]:
    yield Paragraph(
        "For every table the rows of the source are those of raw and the rejected ones together, and the rows of raw "
        "are those of public and the quarantined ones. Stubs, which stand in for a missing parent, and the rows of an "
        "application come on top."
    )
    if verdict.tables:
        yield Figure(
            rows(verdict.tables),
            "Rows by table, on a logarithmic scale. The ring is the source; the dot is the same table in public, or in "
            "raw (grey) where it stays there. Ring and dot lie on each other where both have as many rows; a dot to "
            "the right of its ring has more, for stubs stand in for missing parents.",
        )
    yield _lines(verdict, facts)


def _lines(verdict: Verdict, facts: Facts) -> Table:
    in_public = [line for line in verdict.tables if line.public is not None]
    in_raw = [line for line in verdict.tables if line.public is None]
    lines = [*in_public, *in_raw]
    cells = [_cells(line) for line in lines]
    cells += [(name, "", "", "", number(count), "", "", "", "") for name, count in facts.own_tables.items()]
    totals = [
        number(sum(getattr(line, place) or 0 for line in verdict.tables))
        for place in ("source", "raw", "rejected", "public", "quarantined")
    ]
    return Table(
        head=("table", "source", "raw", "rejected", "public", "quarantined", "stubs", "own rows", "values"),
        rows=(*cells, ("all of the source", *totals, "", "", "")),
        numeric=frozenset(range(1, 8)),
        caption="Rows of every table: first those that public has too, then those that stay in raw, then those that "
        "only applications write.",
        rules=frozenset({len(in_public), len(lines), len(cells)}) - {0},
        marked=frozenset(place for place, line in enumerate(lines) if not _conserved(line)),
    )


def _cells(line: TableLine) -> tuple[str, ...]:
    here = (line.source, line.raw, line.rejected)
    there = (line.public, line.quarantined, line.stubs, line.others)
    beyond = tuple("" if value is None else number(value) for value in there) if line.public is not None else ("",) * 4
    return (line.table, *map(number, here), *beyond, line.values)


def _conserved(line: TableLine) -> bool:
    if line.values == "differ" or line.raw is None or line.source != line.raw + line.rejected:
        return False
    if line.public is None or line.stubs is None or line.others is None:
        return True
    return line.raw == line.public - line.stubs - line.others + line.quarantined


def _columns(facts: Facts) -> Iterator[Block]:
    if not facts.columns:
        yield Paragraph("No column was summed up in this run.")
        return
    yield Paragraph(
        "Every column summed up on all sides: in raw as the source has it, in public in canonical form, without the "
        "rows kept apart and those that the source does not give. Sums are exact and rounded only to be shown; texts "
        "count by their bytes, dates and times from 1970."
    )
    tables: dict[str, list[Summed]] = {}
    for one in facts.columns:
        tables.setdefault(one.table, []).append(one)
    for name, summed in tables.items():
        yield Folded(f"{name}: {counted(len({one.column for one in summed}), 'column')}", _summed(summed))


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


def _kept_apart(verdict: Verdict, facts: Facts) -> Iterator[Block]:
    if not facts.held:
        yield Paragraph("No row is kept apart: nothing was rejected, nothing is in quarantine.")
        return
    table = Table(
        head=("kept in", "table", "reason", "rows"),
        rows=[(one.place, one.table, one.reason, number(one.rows)) for one in facts.held],
        numeric=frozenset({3}),
    )
    more = f" The {REASONS} largest of {len(facts.held):,} are shown." if len(facts.held) > REASONS else ""
    caption = (
        "Rows that could not live in public and are whole in audit.quarantine, by table and reason; rows that raw "
        f"could not hold, in raw.rejected_rows, are orange.{more}"
    )
    largest = sorted(facts.held, key=lambda one: -one.rows)[:REASONS]
    yield Figure(held(largest, {line.table: line.source for line in verdict.tables}), caption, table)


def _speed(facts: Facts) -> Iterator[Block]:
    if not facts.times:
        yield Paragraph("The suite speed was not asked in this run.")
        return
    table = Table(
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
        marked=frozenset(n for n, one in enumerate(facts.times) if one.p95 is not None and one.p95 > one.budget),
    )
    caption = (
        "Each bar is the time that 95 of 100 warm runs stay below (p95), as a share of the query’s own budget; the "
        "line is the budget. Tables that an application has not filled yet give nothing to measure."
    )
    yield Figure(speed(facts.times), caption, table)


def _suites(verdict: Verdict, facts: Facts) -> Iterator[Block]:
    asked: dict[str, list[Check]] = {name: [] for name in facts.occasion.declared}
    for check in verdict.checks:
        asked.setdefault(check.suite, []).append(check)
    rows_, marked = [], set()
    for place, (name, checks) in enumerate(asked.items()):
        met, failed = sum(check.met for check in checks), sum(bool(check.failed) for check in checks)
        unmet = sum(not (check.met or check.failed) and check.severity == "critical" for check in checks)
        warned = len(checks) - met - failed - unmet
        figures = (met, warned, unmet, failed) if name in facts.occasion.suites else (None,) * 4
        rows_.append((name, MEANINGS.get(name, ""), number(facts.occasion.declared.get(name)), *map(number, figures)))
        marked |= {place} if unmet or failed else set()
    yield Table(
        head=("suite", "what it asks", "expectations", "met", "warnings", "not met", "not asked"),
        rows=rows_,
        numeric=frozenset(range(2, 7)),
        caption="A dash stands for a suite that this run left out.",
        marked=frozenset(marked),
    )
    for name, checks in asked.items():
        if checks:
            yield Folded(f"{name}: {counted(len(checks), 'expectation')}", _all(checks))


def _all(checks: list[Check]) -> Table:
    words = [("could not be asked" if one.failed else "met" if one.met else "not met") for one in checks]
    return Table(
        head=("expectation", "severity", "outcome"),
        rows=[(one.description, one.severity, word) for one, word in zip(checks, words, strict=True)],
        marked=frozenset(place for place, word in enumerate(words) if word != "met"),
    )
