"""Show a verdict on a terminal: numbers first, then what is not as expected, and a line that counts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from expectations.verdict import Check, TableLine, Verdict
from quant.text import printable

HEAD = ("table", "source", "raw", "rejected", "public", "quarantined", "stubs", "own rows", "values")
SHOWN = 25  # lines of one expectation that failed
COLOURS = {"passed": "32", "failed": "31", "could not be decided": "33", "equal": "32", "differ": "31"}


def show(verdict: Verdict) -> None:
    """Print the verdict on stdout, in colour if that is a terminal."""
    colour = sys.stdout.isatty()
    print("\n".join(lines(verdict, colour)))


def lines(verdict: Verdict, colour: bool) -> Iterable[str]:
    """The verdict in lines."""
    yield printable(f"source  {verdict.source}")
    yield printable(f"target  {verdict.target}")
    if verdict.tables:
        yield ""
        yield from _table([HEAD, *map(_cells, verdict.tables)], colour)
    yield ""
    for suite in dict.fromkeys(check.suite for check in verdict.checks):
        yield _suite_line(suite, [check for check in verdict.checks if check.suite == suite], colour)
    if timed := [check for check in verdict.checks if check.suite == "speed" and not check.error]:
        yield ""
        yield from _speed(timed)
    if verdict.health:
        yield ""
        width = max(len(what) for what, _ in verdict.health.lines())
        yield from (f"{what:<{width}}  {how_much}" for what, how_much in verdict.health.lines())
    for check in (*verdict.errors, *verdict.failures, *verdict.warnings):
        yield ""
        yield from _finding(check, colour)
    for note in verdict.notes:
        yield ""
        yield printable(f"note: {note}")
    yield ""
    yield _paint(verdict.line, verdict.word, colour) + f", {verdict.seconds:.1f} s"


def _cells(line: TableLine) -> tuple[str, ...]:
    numbers = (line.source, line.raw, line.rejected, line.public, line.quarantined, line.stubs, line.others)
    return (printable(line.table), *("" if number is None else f"{number:,}" for number in numbers), line.values)


def _table(rows: Sequence[tuple[str, ...]], colour: bool) -> Iterable[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        numbers = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        yield "  ".join([row[0].ljust(widths[0]), *numbers, _paint(row[-1], row[-1], colour)]).rstrip()


def _suite_line(suite: str, checks: Sequence[Check], colour: bool) -> str:
    passed = sum(check.passed for check in checks)
    word = "passed" if passed == len(checks) else "failed"
    return f"{suite:<14}" + _paint(f"{passed} of {len(checks)} expectations passed", word, colour)


def _speed(checks: Sequence[Check]) -> Iterable[str]:
    width = max(len(check.description) for check in checks)
    yield from (printable(f"{check.description:<{width}}  {check.observed}") for check in checks)


def _finding(check: Check, colour: bool) -> Iterable[str]:
    head, word = (
        (f"could not be evaluated: {check.description}", "could not be decided")
        if check.error
        else (f"failed ({check.severity}): {check.told}", "failed")
    )
    yield _paint(printable(f"{check.suite}: {head}"), word, colour)
    if check.finding and not check.error:
        yield printable(f"  expected: {check.description}")
    found = [check.error] if check.error else list(check.problems)
    yield from (printable(f"  {line}") for line in found[:SHOWN])
    if len(found) > SHOWN:
        yield f"  … and {len(found) - SHOWN} lines more (--json has them all)"


def _paint(text: str, word: str, colour: bool) -> str:
    return f"\x1b[{COLOURS[word]}m{text}\x1b[0m" if colour and word in COLOURS else text
