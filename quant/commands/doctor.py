"""`python -m quant doctor`: looks at everything that the commands need; one line each, with what to do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import embedded
from quant import environment
from quant.commands.checks import Finding, Level, mend, ok
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError
from quant.paths import source_path
from quant.target import TARGETS, resolve
from quant.text import as_json, printable

COLOURS = {Level.OK: "32", Level.WARNING: "33", Level.ERROR: "31"}
CODES = {Level.OK: WELL, Level.WARNING: NOT_WELL, Level.ERROR: COULD_NOT_RUN}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which file and which target."""
    parser.add_argument("--source", metavar="PATH", help="the SQLite file (SPOCK_SQLITE, else data/spock_local.db)")
    parser.add_argument("--target", choices=TARGETS, help="the database (QUANT_TARGET, else embedded)")
    parser.epilog = "exit codes: 0 all is well, 1 something to look at, 2 a command could not run."


def run(options: argparse.Namespace) -> int:
    """Look at everything, and say it. Returns the exit code."""
    found = []
    for one in look(options.source, options.target):
        found.append(one)
        if not options.json:
            print(_line(one), flush=True)
    if options.json:
        print(as_json([asdict(one) for one in found]))
    return max(CODES[one.level] for one in found)


def _line(found: Finding) -> str:
    level = f"{found.level:<4}"
    if sys.stdout.isatty():
        level = f"\x1b[{COLOURS[found.level]}m{level}\x1b[0m"
    return f"{level}  {found.what:<14}{printable(found.said)}"


def look(source: str | None = None, target: str | None = None) -> Iterator[Finding]:
    """Look at this machine, the file and the target, in this order."""
    from quant.commands.checks import machine

    path = source_path(source)
    yield from machine.python()
    yield from machine.packages()
    yield from machine.settings()
    chosen = target or environment.get("QUANT_TARGET") or "embedded"
    yield from machine.memory(chosen == "embedded")
    yield from machine.leftovers()
    yield from _file(path)
    if chosen == "embedded":
        yield from machine.engine()
        if embedded.status().endpoint is None:
            return
    yield from _server(chosen, path)


def _file(path: Path) -> Iterator[Finding]:
    from quant.commands.checks import file

    yield from file.source(path)


def _server(chosen: str, path: Path) -> Iterator[Finding]:
    from expectations import catalog
    from quant.commands.checks import replication, server

    try:
        target, declared = resolve(chosen), catalog.read()
    except UserError as error:
        yield mend("target", str(error))
        return
    relations = [f"public.{name}" for name in (*declared.tables, *declared.aggregates)]
    yield ok("models", f"{len(declared.tables)} tables and {len(declared.aggregates)} aggregates are declared")
    yield from server.server(target, relations, path.stat().st_size if path.is_file() else None)
    yield from replication.replication(target)
