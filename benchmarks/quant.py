"""`python -m benchmarks.quant`: what the package takes, beside COPY of the same rows.

Everything runs in turns, so that a busy machine slows all of it alike; ratios are taken within a repetition, and their
medians are what counts.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.load import ROOM, sample
from benchmarks.server import environment, execute, scratch, settle
from quant import PostgresDatabaseManager
from quant.command import leave
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError
from quant.paths import PROJECT
from quant.progress import say
from quant.target import Target, resolve

DAYS = pd.bdate_range("2024-01-01", periods=250)
INDICATORS = [
    "ma5", "ma20", "ma60", "ma120", "ma200", "rsi_14", "macd", "macd_signal", "macd_hist", "bb_upper", "bb_middle",
    "bb_lower", "atr_14", "atr", "volume_ma20", "volume_ratio",
]  # fmt: skip
GOALS = {
    "upsert of 20,000 new prices, of COPY into the hypertable": 1.5,
    "upsert of 100,000 new prices, of COPY into the hypertable": 1.5,
    "ten years of a ticker as a frame, of COPY to CSV": 2.0,
    "panel of 500 tickers and 250 days, of COPY to CSV": 2.0,
    "200 threads on 30 connections: mean of the slowest thread": 3.0,
    "200 threads on 30 connections: longest wait in s": 1.0,
    "calls that failed after all backends were ended": 0.0,
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.quant",
        description="Measure the package on the server that POSTGRES_HOST names, in a scratch database of its own. "
        "Keeps its figures as quant.json in data/bench.",
        epilog="exit codes: 0 every goal is held, 1 some goal is missed, 2 could not run.",
    )
    made.add_argument("--repetitions", type=int, default=7, metavar="N", help="how often, in turns (default 7)")
    made.add_argument("--rows", type=int, default=100_000, help="rows of ohlcv_data before (default 100000)")
    made.add_argument("--seconds", type=float, default=5.0, help="how long the threads work (default 5)")
    return made


def tickers(number: int) -> list[str]:
    """Codes that no source has."""
    return [f"BENCH{n:04}" for n in range(number)]


def prices(number: int) -> pd.DataFrame:
    """That many rows, with all their columns."""
    rng = np.random.default_rng(20240105)
    codes = np.repeat(tickers(-(-number // len(DAYS))), len(DAYS))[:number]
    close = 100 + rng.standard_normal(number).cumsum()
    frame = pd.DataFrame({"ticker": codes, "region": "US", "timeframe": "1d", "date": np.resize(DAYS, number)})
    frame = frame.assign(open=close, high=close + 1, low=close - 1, close=close, volume=rng.integers(1, 10**9, number))
    return frame.assign(**{name: close * rng.random(number) for name in INDICATORS})


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(work: Callable[[], object], floor: Callable[[], object], repetitions: int) -> float:
    """The median of the ratios of the two."""
    work(), floor()
    return median(timed(work) / timed(floor) for _ in range(repetitions))


class Bench:
    """The measurements, on a migrated database."""

    def __init__(self, db: PostgresDatabaseManager, repetitions: int) -> None:
        self.db = db
        self.repetitions = repetitions

    def copy_out(self, query: str) -> Callable[[], object]:
        def copy() -> None:
            with self.db._get_connection() as raw, raw.cursor() as cursor:
                cursor.copy_expert(f"copy ({query}) to stdout (format csv)", io.BytesIO())

        return copy

    def upsert(self, number: int) -> float:
        """New rows by the package, and by COPY; each time into the same empty place."""
        frame = prices(number)
        text = frame.to_csv(index=False, header=False).encode()
        spent: dict[str, list[float]] = {"package": [], "copy": []}
        for _ in range(self.repetitions + 1):
            self.clear()
            spent["package"].append(timed(lambda: self.db.bulk_insert("ohlcv_data", frame)))
            self.clear()
            spent["copy"].append(timed(lambda: self.copy_in(text, list(frame.columns))))
        self.clear()
        return median(a / b for a, b in zip(spent["package"][1:], spent["copy"][1:], strict=True))

    def copy_in(self, text: bytes, columns: list[str]) -> None:
        with self.db._get_connection() as raw, raw.cursor() as cursor:
            cursor.copy_expert(f"copy ohlcv_data ({', '.join(columns)}) from stdin (format csv)", io.BytesIO(text))

    def clear(self) -> None:
        self.db.execute_update("delete from ohlcv_data where ticker like 'BENCH%'")
        self.db.execute_update("vacuum ohlcv_data")

    def history(self) -> float:
        key = (
            "select ticker, region from ohlcv_data where timeframe = '1d' group by 1, 2 order by count(*) desc limit 1"
        )
        found = self.db.execute_query(key)[0]
        columns = ", ".join(self.db._price_columns())
        floor = f"select {columns} from ohlcv_data where ticker = '{found['ticker']}' and region = '{found['region']}'"
        copy = self.copy_out(f"{floor} and timeframe = '1d' order by date")
        return in_turns(lambda: self.db.get_ohlcv_data(**found), copy, self.repetitions)

    def panel(self) -> float:
        wanted = tickers(500)
        self.db.bulk_insert("ohlcv_data", prices(500 * len(DAYS)))
        listed = ", ".join(f"'{one}'" for one in wanted)
        where = f"where ticker in ({listed}) and region = 'US' and timeframe = '1d'"
        copy = self.copy_out(f"select date, ticker, close from ohlcv_data {where}")
        ratio = in_turns(lambda: self.db.get_ohlcv_panel(wanted, "US"), copy, self.repetitions)
        self.clear()
        return ratio

    def threads(self, seconds: float) -> tuple[float, float]:
        """How far the slowest of 200 threads is behind the mean, and the longest wait."""
        waits: list[float] = []
        self.db._on_call = lambda call: waits.append(call.wait)
        end = time.perf_counter() + seconds

        def work(_: int) -> int:
            done = 0
            while time.perf_counter() < end:
                self.db.execute_query("select count(*) from tickers where ticker like 'A%'")
                done += 1
            return done

        with ThreadPoolExecutor(200) as pool:
            done = list(pool.map(work, range(200)))
        self.db._on_call = None
        return (sum(done) / len(done)) / max(min(done), 1e-9), max(waits)

    def ended(self, target: Target) -> float:
        """How many of 60 calls fail after all backends were ended."""
        execute(
            target,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'bench' and datname = current_database()",
        )

        def call(number: int) -> bool:
            try:
                return bool((self.db.query_frame if number % 2 else self.db.execute_query)("select 1 as n") is None)
            except UserError:
                return True

        with ThreadPoolExecutor(30) as pool:
            return float(sum(pool.map(call, range(60))))


def migrated(target: Target, rows: int) -> None:
    """Load and build a generated file."""
    for command in ([sys.executable, "-m", "loader.run", "--source", str(sample(rows))], ["dbt", "run"]):
        done = subprocess.run(
            command, cwd=PROJECT, env=environment(target), capture_output=True, text=True, check=False
        )
        if done.returncode not in (WELL, NOT_WELL) or (command[0] == "dbt" and done.returncode):
            raise UserError(f"{' '.join(command[-2:])} failed: {(done.stdout + done.stderr).strip()[-400:]}")


def figures(target: Target, arguments: argparse.Namespace) -> Iterable[tuple[str, float]]:
    """Each goal's name and what was measured."""
    names = iter(GOALS)
    login = (target.host, target.port, target.database, target.user, target.password)
    with PostgresDatabaseManager(*login, application_name="bench") as db:
        db.bulk_insert(
            "tickers", [{"ticker": one, "region": "US", "name": one, "exchange": "X"} for one in tickers(500)]
        )
        bench = Bench(db, arguments.repetitions)
        works: list[Callable[[], float]] = [
            lambda: bench.upsert(20_000),
            lambda: bench.upsert(100_000),
            bench.history,
            bench.panel,
        ]
        for work in works:
            settle(target)
            yield next(names), work()
        behind, longest = bench.threads(arguments.seconds)
        yield next(names), behind
        yield next(names), longest
        yield next(names), bench.ended(target)


def main(words: list[str] | None = None) -> int:
    """Measure. Returns the exit code."""
    arguments = parser().parse_args(words)
    measured: dict[str, Any] = {}
    try:
        server = resolve("server")
        ROOM.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            target = stack.enter_context(scratch(server, "quant_bench_package"))
            say("Making the database …")
            migrated(target, arguments.rows)
            for name, value in figures(target, arguments):
                held = value <= GOALS[name]
                measured[name] = {"measured": round(value, 2), "goal": GOALS[name], "held": held}
                print(f"{value:6.2f}  at most {GOALS[name]:.1f}  {'' if held else 'MISSED  '}{name}", flush=True)
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    (ROOM / "quant.json").write_text(json.dumps(measured, indent=1))
    return WELL if all(one["held"] for one in measured.values()) else NOT_WELL


if __name__ == "__main__":
    leave(main)
