"""What is where: rows of every table, coverage of the prices, what is kept apart, and rules that are weaker."""

from __future__ import annotations

from typing import Any

from expectations.report.facts import Coverage, Facts
from expectations.report.pictures import kept
from expectations.report.tables import Table
from expectations.report.wording import NOTHING, number
from expectations.verdict import TableLine, Verdict

REASONS = 20  # lines in the picture of the rows that are kept apart


def context(verdict: Verdict, facts: Facts) -> dict[str, Any]:
    """Tables and pictures of the section."""
    largest = sorted(facts.held, key=lambda one: -one.rows)[:REASONS]
    return {
        "lines": _lines(verdict, facts),
        "coverage": _coverage(facts.coverage) if facts.coverage else None,
        "stubs": facts.stubs,
        "kept": kept(largest, {line.table: line.source for line in verdict.tables}) if largest else None,
        "reasons": Table(
            head=("kept in", "table", "reason", "rows"),
            rows=[(one.place, one.table, one.reason, number(one.rows)) for one in facts.held],
            numeric=frozenset({3}),
        ),
        "most": REASONS,
        "rejected": any(one.place == "raw.rejected_rows" for one in facts.held),
        "weakened": facts.weakened,
    }


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


def _coverage(found: tuple[Coverage, ...]) -> Table:
    """A year a line, a region a column: how many tickers, and what share of the trading days they have."""
    regions = sorted({one.region for one in found})
    years = sorted({one.year for one in found})
    by_place = {(one.year, one.region): one for one in found}
    cells = [[by_place.get((year, region)) for region in regions] for year in years]
    return Table(
        head=("year", *regions),
        rows=[(str(year), *map(_covered, row)) for year, row in zip(years, cells, strict=True)],
        numeric=frozenset(range(1, len(regions) + 1)),
        shades={
            (order, place): one.share
            for order, row in enumerate(cells)
            for place, one in enumerate(row, start=1)
            if one
        },
    )


def _covered(one: Coverage | None) -> str:
    return NOTHING if one is None else f"{one.tickers:,} · {int(100 * one.share)} %"
