"""`python -m quant status`: what is in the target, how fresh and how large it is, and how the last steps ended."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from textwrap import wrap
from typing import Any

from quant.commands import metrics, state
from quant.commands.state import State
from quant.commands.tuning import Tuning
from quant.errors import NOT_WELL, WELL
from quant.server.watch import wait_limit, watching
from quant.target import TARGETS, resolve
from quant.text import as_json, printable

WIDTH = 120  # of the screen
HEAD = ("table", "rows", "newest", "days ago", "MB", "saved")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which target."""
    parser.add_argument("--target", choices=TARGETS, help="the database (QUANT_TARGET, else embedded)")
    parser.add_argument(
        "--prometheus", type=Path, metavar="FILE", help="write metrics there, for node_exporter's textfile collector"
    )
    parser.epilog = """\
exit codes: 0 all is well, 1 nothing is loaded, a load did not finish, a verdict or a job failed, 2 could not run."""


def run(options: argparse.Namespace) -> int:
    """Ask, and show it. Returns the exit code."""
    from expectations import catalog

    target = resolve(options.target)
    watched = watching(target, state.APPLICATION, wait_limit())
    with watched, closing(target.connect(state.APPLICATION)) as connection:
        connection.autocommit = True
        found = state.ask(connection, target, catalog.read())
    if options.prometheus:
        metrics.write(found, options.prometheus)
    if options.json:
        print(as_json(found.document()))
    elif not options.prometheus:
        print("\n".join(map(printable, _lines(found))))
    return WELL if found.well else NOT_WELL


def _lines(found: State) -> list[str]:
    lines = [f"target   {found.target}", f"server   {found.server}"]
    lines += [f"size     {found.megabytes:,.0f} MB"]
    for name, step in (("load", found.load), ("build", found.build), ("verdict", found.verdict)):
        lines.append(f"{name:<8} {step.said if step else 'none yet'}")
    if found.tables:
        rows = [
            (
                one.name,
                "?" if one.rows is None else f"{one.rows:,}",
                one.newest or "",
                "" if one.days is None else f"{one.days:,}",
                f"{one.megabytes:,.1f}",
                "" if one.saved is None else f"{100 * one.saved:.0f} %",
            )
            for one in found.tables
        ]
        lines += ["", *_aligned([HEAD, *rows])]
    if found.jobs:
        rows_of_jobs = [(job.name, job.of, job.next or "", job.outcome) for job in found.jobs]
        lines += ["", *_aligned([("job", "of", "next run", "last"), *rows_of_jobs], left=4)]
    return lines + (_tuning(found.tuning) if found.tuning else [])


def _tuning(found: Tuning) -> list[str]:
    lines = ["", *_wrapped("autovacuum", found.autovacuum)]
    if found.cached is not None:
        lines.append(f"cache       {100 * found.cached:.1f} % of the blocks asked for were in the server's memory")
    if found.slowest is None:
        lines.append("queries     not known: the server has no pg_stat_statements")
    elif found.slowest:
        rows = [(f"{q.seconds:,.1f}", f"{q.calls:,}", f"{q.mean_ms:,.1f}", q.statement[:80]) for q in found.slowest]
        lines += ["", *_aligned([("seconds", "calls", "ms each", "query"), *rows], left=4)]
    for sentence in found.advice:
        lines += _wrapped("advice", sentence)
    return lines


def _wrapped(name: str, said: str) -> list[str]:
    return wrap(said, WIDTH, initial_indent=f"{name:<12}", subsequent_indent=" " * 12)


def _aligned(rows: Sequence[Sequence[Any]], left: int = 1) -> list[str]:
    """Columns of text; those after the first `left` are numbers."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
