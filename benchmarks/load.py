"""`python -m benchmarks.load`: what a load takes, beside the floor under it and what people use instead.

Everything runs in turns on one generated database of the real size, so that a busy machine slows all
of it alike; ratios are taken within a repetition, and their medians are what counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import embedded
from benchmarks.measure import Run, measure, peak_of
from benchmarks.report import Results
from benchmarks.server import ROW_BY_ROW_ROWS, Floor, count, environment, execute, pgloader, row_by_row, scratch, settle
from quant.command import leave
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError
from quant.paths import DATA
from quant.progress import say
from quant.target import Target, resolve

ROOM = DATA / "bench"
ROWS = 926_325
RIVALS = ("pgloader", "row-by-row", "embedded")
NEW_ROWS = 18_000
COLUMNS = (
    "ticker, timeframe, date, region, open, high, low, close, volume, ma5, ma20, ma60, ma120, ma200, rsi_14, macd, "
    "macd_signal, macd_hist, bb_upper, bb_middle, bb_lower, atr_14, atr, volume_ma20, volume_ratio, created_at"
)
CHANGES = {
    f"{NEW_ROWS:,} new daily rows": f"insert into ohlcv_data ({COLUMNS}) "
    f"select {COLUMNS.replace(' date,', ' date(date, ' + repr('+10000 days') + '),')} from ohlcv_data "
    f"where date glob '????-??-??' order by id desc limit {NEW_ROWS}",
    "one changed row in the middle": "update ohlcv_data set close = close + 1 "
    "where id = (select max(id) / 2 from ohlcv_data)",
    "one deleted row": "delete from ohlcv_data where id = (select max(id) / 3 from ohlcv_data)",
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description="Measure the loader on the server that POSTGRES_HOST names, in a scratch database of its own. "
        "Keeps its files, and the figures as load.json, in data/bench.",
        epilog="exit codes: 0 every goal is held, 1 some goal is missed, 2 could not run.",
    )
    made.add_argument("--repetitions", type=int, default=3, metavar="N", help="how often, in turns (default 3)")
    made.add_argument("--rows", type=int, default=ROWS, help=f"rows of ohlcv_data (default {ROWS})")
    made.add_argument("--times", type=int, default=0, metavar="K", help="load K times the rows too, for the memory")
    made.add_argument("--without", nargs="+", choices=RIVALS, default=(), help="leave these out")
    return made


def sample(rows: int) -> Path:
    """A generated database with that many rows of prices; made once, then kept."""
    path = ROOM / f"sample-{rows}.db"
    if not path.exists():
        say(f"Generating {path.name} …")
        half = path.with_suffix(".half")
        command = [sys.executable, "-m", "loader.sample", "--rows", str(rows), "--output", str(half), "--quiet"]
        if subprocess.run(command, check=False).returncode:
            raise UserError(f"The sample of {rows:,} rows could not be generated in {ROOM}: free some room there.")
        half.rename(path)
    return path


def load(source: Path, environ: dict[str, str], *more: str) -> Run:
    """One run of the loader, as a user would start it; rejected rows are part of the sample."""
    command = [sys.executable, "-m", "loader.run", "--source", str(source), "--progress", "none", *more]
    return measure(command, environ, ROOM / "loader.log", well=(WELL, NOT_WELL))


def first_load(target: Target, source: Path) -> Run:
    """A load into a database without raw."""
    execute(target, "drop schema if exists raw cascade")
    settle(target)
    return load(source, environment(target))


def later_loads(target: Target, source: Path, results: Results) -> None:
    """The runs after the first: nothing, new rows, a changed row, a deleted row."""
    results.add("second run, unchanged", load(source, environment(target)))
    for name, statement in CHANGES.items():
        with closing(sqlite3.connect(source)) as connection, connection:
            connection.execute(statement)
        results.add(name, load(source, environment(target)))


def with_pgloader(server: Target, source: Path, rows: int, results: Results) -> None:
    """Let pgloader fill a database of its own, and see whether all rows came: its exit code does not tell."""
    with scratch(server, f"quant_bench_pgloader_{os.getpid()}") as target:
        settle(target)
        results.add("pgloader", pgloader(target, source, ROOM / "pgloader"))
        if lost := rows - count(target, "public"):
            results.note("pgloader", f"lost {lost:,} rows")


def with_row_by_row(server: Target, source: Path, rows: int, results: Results) -> None:
    """The row-by-row migrator on the first rows, its time multiplied to all of them."""
    with scratch(server, f"quant_bench_rows_{os.getpid()}") as target:
        settle(target)
        run = row_by_row(target, source, ROOM / "row-by-row.log")
    moved = min(ROW_BY_ROW_ROWS, rows)
    results.add("row by row", Run(run.seconds * rows / moved, run.peak_mb))
    results.note("row by row", f"extrapolated from {moved:,} rows in {run.seconds:.1f} s")


def with_embedded(source: Path, results: Results) -> None:
    """The first load into the embedded engine, new and already running, in a folder of its own."""
    folder = ROOM / "engine"
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("POSTGRES_")}
    try:
        endpoint = embedded.start(folder)
        environ |= {"QUANT_EMBEDDED_DIR": str(folder)}
        results.add("first load, embedded engine", load(source, environ, "--target", "embedded"))
        if peak := peak_of(endpoint.pid):
            results.note("first load, embedded engine", f"the engine itself reached {peak:,.0f} MB")
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def chosen_rivals(without: Sequence[str]) -> set[str]:
    """The rivals that are asked for and here."""
    chosen = set(RIVALS) - set(without)
    if "pgloader" in chosen and not shutil.which("pgloader"):
        say("pgloader is not installed, so it is left out: apt-get install pgloader brings it.")
        chosen.remove("pgloader")
    return chosen


def bench(options: argparse.Namespace, server: Target, results: Results) -> None:
    """Measure everything that was asked for."""
    rivals = chosen_rivals(options.without)
    made, source = sample(options.rows), ROOM / "work.db"
    with scratch(server, f"quant_bench_{os.getpid()}") as target:
        first_load(target, made)  # the floor's files come from it, and it warms the caches for both
        rows = int(str(execute(target, "select sum(source_rows) from raw._tables")[0][0]))
        floor = Floor(target, ROOM / "csv")
        results.rows = rows
        # Every way gets its turn in each repetition; the one that took the first load comes right after the floor.
        turns: list[Callable[[], None]] = [lambda: later_loads(target, source, results)]
        if "embedded" in rivals:
            turns.append(lambda: with_embedded(made, results))
        if "pgloader" in rivals:
            turns.append(lambda: with_pgloader(server, made, rows, results))
        if "row-by-row" in rivals:
            turns.append(lambda: with_row_by_row(server, made, options.rows, results))
        for number in range(1, options.repetitions + 1):
            say(f"Repetition {number} of {options.repetitions} …")
            shutil.copyfile(made, source)
            results.add("floor", floor.run())
            results.add("first load", first_load(target, source))
            for turn in turns:
                turn()
        source.unlink()
        if options.times:
            large = sample(options.rows * options.times)
            say(f"Loading {options.times} times the rows …")
            results.add(f"first load, {options.times} times the rows", first_load(target, large))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write load.json and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.rows < ROW_BY_ROW_ROWS or options.repetitions < 1 or options.times < 0:
            raise UserError(f"Give at least {ROW_BY_ROW_ROWS} rows and one repetition, and no negative --times.")
        if not shutil.which("psql"):
            raise UserError("psql is not installed, and it is the floor: apt-get install postgresql-client brings it.")
        server = resolve("server")
        ROOM.mkdir(parents=True, exist_ok=True)
        results = Results(str(server))
        bench(options, server, results)
    except UserError as error:
        say(f"bench: {error}")
        return COULD_NOT_RUN
    results.write(ROOM / "load.json")
    print(results.text())
    return NOT_WELL if results.missed() else WELL


if __name__ == "__main__":
    leave(main)
