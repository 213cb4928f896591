"""`python -m loader.sample`: generate a Spock database."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from quant.command import leave
from quant.errors import COULD_NOT_RUN, WELL, UserError
from quant.paths import DATA
from sample.build import generate, manifest_path
from sample.options import DIRT_LEVELS, MAX_ROWS, MIN_ROWS, REAL_ROWS, Options
from sample.progress import Progress


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loader.sample",
        description="Generate a Spock SQLite database, with a manifest of all that is in it.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=DATA / "spock_local.db",
        help="file to write (default data/spock_local.db)",
    )
    parser.add_argument(
        "--rows",
        type=int,
        default=REAL_ROWS,
        help=f"rows of ohlcv_data, {MIN_ROWS:,} to {MAX_ROWS:,}; all else scales with it (default %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=20240105, help="same seed, same database (default %(default)s)")
    parser.add_argument(
        "--dirt",
        choices=DIRT_LEVELS,
        default="real",
        help="none: clean; real: the real database's dirt; hostile: also what SQLite allows beyond it"
        " (default %(default)s)",
    )
    parser.add_argument(
        "--end-date",
        type=_day,
        default=date(2025, 10, 2),
        help="last day of prices (default %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="replace also a file that this generator did not make")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it like 2025-10-02") from None


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = _parser().parse_args(arguments)
    progress = Progress(quiet=given.quiet)
    started = time.monotonic()
    try:
        options = Options(given.rows, given.seed, given.dirt, given.end_date)
        manifest = generate(options, given.output, progress, force=given.force)
    except UserError as error:
        print(f"loader.sample: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        print(f"\nloader.sample: stopped; {given.output} is as it was.", file=sys.stderr)
        return COULD_NOT_RUN
    tables = manifest["tables"]
    progress.end(
        f"{given.output}: {len(tables)} tables, {sum(tables.values()):,} rows,"
        f" {given.output.stat().st_size / 1e6:.0f} MB"
        f" in {time.monotonic() - started:.1f} s; what is in it: {manifest_path(given.output)}"
    )
    return WELL


if __name__ == "__main__":
    leave(main)
