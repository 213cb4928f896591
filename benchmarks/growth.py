"""`python -m benchmarks.growth`: the three commands at several sizes, beside their floors, and how each grows.

The floors are in the same run: a build beside the same prices typed into psql (`floor.sql`), a verdict beside reading
both sides once (`reading`). Nothing here is a goal; a slow machine fails nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load import ROOM, ROWS, load, sample
from benchmarks.measure import Run, measure
from benchmarks.pages import write_growth
from benchmarks.queries import REPORTS
from benchmarks.server import environment, scratch, settle
from quant.command import leave
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError
from quant.paths import PROJECT
from quant.progress import say
from quant.target import Target, resolve

FLOOR = Path(__file__).with_name("floor.sql")
# The last day of the generated database, once more.
NEW_DAY = """
    insert into ohlcv_data (ticker, timeframe, date, region, open, high, low, close, volume, created_at)
    select ticker, timeframe, '2025-10-31', region, open, high, low, close, volume, created_at from ohlcv_data
    where timeframe = 'D' and date = '2025-10-02'
"""


def steps(target: Target, source: Path) -> Iterator[tuple[str, Run]]:
    """Each command in an empty database, with what it took; the source takes a new day in between."""
    environ = environment(target) | {"DBT_TARGET_PATH": str(ROOM / "dbt"), "DBT_LOG_PATH": str(ROOM / "logs")}

    def build(**more: str) -> Run:
        settle(target)
        return measure(["dbt", "build"], environ | more, ROOM / "dbt.log")

    def verdict(*more: str, **factors: str) -> Run:
        told: list[str | Path] = [
            "great_expectations",
            "checkpoint",
            "run",
            "phase1",
            "--source",
            source,
            "--progress",
            "none",
            *more,
        ]
        told += ["--report", ROOM / "reports"]
        return measure(told, environ | factors, ROOM / "verdict.log", well=(WELL, NOT_WELL))

    def reading() -> Run:
        return measure([sys.executable, "-m", "benchmarks.reading", str(source)], environ, ROOM / "reading.log")

    settle(target)
    yield "load, first", load(source, environ)
    yield "load, nothing changed", load(source, environ)
    yield "build, first, without factors", build(QUANT_FACTORS="false")  # its floor has none either
    psql: list[str | Path] = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", FLOOR]
    yield "floor of the build", measure(psql, environ, ROOM / "floor.log")
    measure(["psql", "-X", "-q", "-c", "drop schema floor cascade"], environ, ROOM / "floor.log")
    yield "verdict, without factors", verdict(QUANT_FACTORS="false")
    yield "its floor, without factors", reading()
    yield "factors, first", build()
    build()  # counters of the first one arrive late: docs/decisions/0017
    yield "build, nothing to do", build()
    yield "verdict, every value", verdict()
    yield "its floor, with their scores", reading()
    yield "verdict --quick, nothing written", verdict("--quick")
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute(NEW_DAY)
    yield "load, a new day", load(source, environ)
    yield "build, a new day", build()
    yield "verdict --quick, a new day", verdict("--quick")


def slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The exponent of the growth from the smallest to the largest: 1 is in proportion to the rows."""
    return round(math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0]), 2)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, write the results and return the exit code."""
    options = parser().parse_args(words)
    sizes = sorted(round(ROWS * times) for times in options.times)
    found: dict[str, list[Run]] = {}
    try:
        server = resolve("server")
        ROOM.mkdir(parents=True, exist_ok=True)
        for size in sizes:
            source = ROOM / "growth.db"
            shutil.copyfile(sample(size), source)
            with scratch(server, f"quant_bench_growth_{os.getpid()}") as target:
                for name, run in steps(target, source):
                    say(f"{size:,} rows: {name}: {run.seconds:.1f} s, {run.peak_mb:.0f} MB")
                    found.setdefault(name, []).append(run)
            source.unlink()
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    document = {
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "server": str(server),
        "machine": {"processors": os.cpu_count(), "system": platform.platform(), "load": os.getloadavg()[1]},
        "sizes": sizes,
        "steps": [told(name, sizes, runs) for name, runs in found.items()],
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "growth.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    write_growth(document, options.output)
    return WELL


def told(name: str, sizes: Sequence[int], runs: Sequence[Run]) -> Mapping[str, Any]:
    """A step for the document."""
    seconds = [round(run.seconds, 1) for run in runs]
    return {
        "step": name,
        "seconds": seconds,
        "peak_mb": [round(run.peak_mb) for run in runs],
        "slope": slope(sizes, [run.seconds for run in runs]) if len(runs) > 1 else None,
    }


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.growth",
        description="Measure load, build and verdict on the server that POSTGRES_HOST names, in scratch databases. "
        f"Writes growth.json, growth.md and growth.svg into {REPORTS.relative_to(PROJECT)}.",
        epilog="exit codes: 0 done, 2 could not run.",
    )
    default = [1, 3, 10]
    made.add_argument("--times", type=float, nargs="+", default=default, help=f"of {ROWS:,} rows (default 1 3 10)")
    made.add_argument("--output", type=Path, default=REPORTS, help="folder of the results")
    return made


if __name__ == "__main__":
    leave(main)
