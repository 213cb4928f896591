"""`python -m quant`: what can be done beside the three commands of the migration."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from quant.command import Version
from quant.errors import COULD_NOT_RUN, WELL, UserError

EPILOG = """\
The database is the one that POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD name, in
the environment or in .env; without them, or with QUANT_TARGET=embedded, the embedded engine.

exit codes: 0 done and well, 1 done but something is not well, 2 could not run."""

# Each is a module of quant.commands with `arguments(parser)` and `run(options)`, imported when it is asked for.
COMMANDS = {
    "roles": "make the roles for loading, building, reading and applications, and grant them",
    "status": "show the last load, build and verdict, rows, lag, sizes and jobs",
    "sync": "load, build and judge what is new, in one go; once, at intervals, or as the file is written",
    "plan": "say what a build would write, remove, set apart and define, and do nothing",
    "doctor": "look at Python, file, server and rights, and say what to do",
    "test": "connect to the database, and say what it is",
    "archive": "write closed years of prices as Parquet files, proven equal, one a year and region",
    "pool": "show the settings of the pool that programs get by default",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the command line says. Returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="python -m quant",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=Version)
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, text in COMMANDS.items():
        described = f"{text[0].upper()}{text[1:]}."
        command = commands.add_parser(
            name, help=text, description=described, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name in words[:1]:
            import_module(f"quant.commands.{name}").arguments(command)
        command.add_argument("--json", action="store_true", help="as JSON")
    chosen = parser.parse_args(words)
    if chosen.command is None:
        parser.print_help()
        return WELL
    try:
        return int(import_module(f"quant.commands.{chosen.command}").run(chosen))
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
