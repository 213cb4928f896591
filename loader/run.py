"""`python -m loader.run`: bring the schema `raw` into step with a SQLite file."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence

from quant.command import WAIT_LIMIT, Version, leave
from quant.errors import COULD_NOT_RUN, UserError
from quant.paths import source_path
from quant.progress import say

LARGEST_WINDOW = 1 << 40
EPILOG = """\
exit codes: 0 done and well, 1 done but rows were rejected or do not add up, 2 could not run.
environment: QUANT_TARGET, SPOCK_SQLITE, QUANT_WAIT_LIMIT (seconds), QUANT_REMOVAL_LIMIT (percent),
QUANT_ALLOW_REMOVAL (tables),
and POSTGRES_HOST, _PORT, _DB, _USER, _PASSWORD, _SSLMODE for the server.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    from loader.plan import WINDOW_BITS

    made = argparse.ArgumentParser(
        prog="python -m loader.run",
        description="Copy every table of a SQLite file into the schema raw of PostgreSQL, "
        "or bring it into step: only what differs is moved.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "command", nargs="?", choices=("load", "status"), default="load", help="load (default), or show the ledger"
    )
    made.add_argument("--source", metavar="PATH", help="the SQLite file (default data/spock_local.db, or SPOCK_SQLITE)")
    made.add_argument("--target", choices=("embedded", "server"), help="where to (default embedded, or QUANT_TARGET)")
    made.add_argument("--tables", type=_names, default=(), metavar="A,B", help="load these tables only")
    made.add_argument("--exclude", type=_names, default=(), metavar="A,B", help="leave these tables out")
    made.add_argument("--dry-run", action="store_true", help="read everything, say what would happen, write nothing")
    made.add_argument(
        "--batch-size",
        type=_bits,
        default=WINDOW_BITS,
        metavar="N",
        dest="window_bits",
        help=f"rows a window, rounded up to a power of two (default {1 << WINDOW_BITS})",
    )
    made.add_argument(
        "--full-refresh", action="store_true", help="distrust the ledger: compare every row and mend what differs"
    )
    made.add_argument(
        "--allow-removal",
        type=_names,
        default=(),
        metavar="A,B",
        help="tables of which more rows may vanish than QUANT_REMOVAL_LIMIT (5) percent",
    )
    made.add_argument("--progress", choices=("auto", "bar", "log", "none"), default="auto", help="how to show progress")
    made.add_argument("--wait-limit", **WAIT_LIMIT)
    made.add_argument("--json", action="store_true", help="print the summary as one JSON document")
    made.add_argument("--version", action=Version)
    made.add_argument("-v", "--verbose", action="store_true", help="say each step")
    return made


def _names(given: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    if not names:  # of a variable that was never set, say; without names all tables would be meant
        raise argparse.ArgumentTypeError(f"{given!r} names no table: name some, or leave the option out")
    return names


def _bits(given: str) -> int:
    if not given.isdigit() or not 1 <= int(given) <= LARGEST_WINDOW:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number of rows: give one from 1 to {LARGEST_WINDOW:,}")
    return (int(given) - 1).bit_length()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        options = parser().parse_args(arguments)  # whose imports an interrupt may meet, too
        gc.set_threshold(100_000)  # else a tenth of a run goes into looking through the modules that dlt imports
        sys.setswitchinterval(0.001)  # a thread that waits for another to decode keeps its server waiting, too
        # Imported late: --help and argument errors should not wait for database drivers.
        from loader import load, status
        from quant.server.watch import wait_limit

        if options.command == "status":
            if options != parser().parse_args(["status"], argparse.Namespace(target=options.target)):
                raise UserError("status takes no option but --target: leave out the others.")
            return status.show(options.target)
        return load.run(
            load.Options(
                source_path(options.source),
                options.target,
                options.tables,
                options.exclude,
                options.window_bits,
                options.full_refresh,
                options.dry_run,
                options.progress,
                options.json,
                options.verbose,
                wait_limit(options.wait_limit),
                options.allow_removal,
            )
        )
    except UserError as error:
        say(f"loader: {error}")
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        say("loader: interrupted. What was finished is in the ledger; run again to go on.")
        return COULD_NOT_RUN


if __name__ == "__main__":
    leave(main)
