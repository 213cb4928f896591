"""`python -m benchmarks.factors`: what the factors take, beside plain SQL that works the same scores out whole.

The plain SQL (`factors.sql`) and the first fill run in turns on one migrated database, so that a busy machine slows
both alike, and their rows are compared. A new trading day is written as an application writes it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.load import ROOM, ROWS, load, sample
from benchmarks.measure import Run, measure
from benchmarks.server import environment, execute, scratch, settle
from quant.command import leave
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError
from quant.progress import say
from quant.target import Target, resolve

QUERIES = 200
FLOOR = Path(__file__).with_name("factors.sql")
FORGET = "truncate public.factor_scores; drop schema if exists factors cascade"
NEW_DAY = """
    insert into public.ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume, rsi_14)
    select p.ticker, p.region, '1d', p.date + case when extract(isodow from p.date) = 5 then 3 else 1 end,
        p.close, p.close * 1.02, p.close * 0.99, p.close * 1.01, 1000, p.rsi_14
    from public.ohlcv_data as p
    inner join (
        select region, max(date) as date from public.ohlcv_data where timeframe = '1d' group by region
    ) as newest
        on p.region = newest.region and p.date = newest.date
    where p.timeframe = '1d'
"""
UNLIKE = """
    select count(*)
    from public.factor_scores as ours
    full join bare.factor_scores as plain using (ticker, region, factor_name, date)
    where (ours.score is null) <> (plain.score is null) or (ours.percentile is null) <> (plain.percentile is null)
        or ours.ticker is null or plain.ticker is null
        or abs(ours.raw_value - plain.raw_value) > 1e-9 * greatest(1, abs(ours.raw_value))
        or abs(ours.score - plain.score) > 1e-6
        or abs(ours.percentile - plain.percentile) > 1e-6 and not exists (
            select from bare.factor_scores as peer  -- plain sums have no order: their last bit breaks ties
            where (peer.region, peer.factor_name, peer.date) = (plain.region, plain.factor_name, plain.date)
                and peer.percentile is not null and peer.ticker <> plain.ticker
                and abs(peer.raw_value - plain.raw_value) < 1e-12
        )
"""
# What the year to come does to a database that ends today.
COMPRESSED = "select public.compress_chunk(chunk, true) from public.show_chunks('public.factor_scores') as chunk"
SAVED = """
    select 100 * (1 - sum(after_compression_total_bytes) / sum(before_compression_total_bytes))::float8
    from public.hypertable_compression_stats('public.factor_scores')
"""
ONE_DAY = """
    select ticker, score, percentile from public.factor_scores
    where factor_name = 'composite' and region = %(region)s and date = %(day)s and percentile is not null
    order by percentile desc
"""
TWO_YEARS = """
    select date, factor_name, score, percentile from public.factor_scores
    where ticker = %(ticker)s and region = %(region)s and date > %(day)s::date - interval '2 years' order by date
"""
KEYS = """
    select region, max(date), min(ticker) from public.factor_scores
    where factor_name = 'composite' group by region order by count(*) desc limit 1
"""
GOALS = {
    "first fill, of the plain SQL": 2.0,
    "one new trading day, of the first fill": 0.05,
    "nothing changed, seconds more than without factors": 2.0,
    "rows unlike those of the plain SQL": 0.0,
    "size of the scores after compression, in percent": 20.0,
    "one factor of one day, p95 in ms": 20.0,
    "a ticker's factors over two years, p95 in ms": 20.0,
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.factors",
        description="Measure the factors on the server that POSTGRES_HOST names, in a scratch database of its own. "
        "Keeps its figures as factors.json in data/bench.",
        epilog="exit codes: 0 every goal is held, 1 some goal is missed, 2 could not run.",
    )
    made.add_argument("--rows", type=int, default=ROWS, help=f"rows of ohlcv_data (default {ROWS})")
    made.add_argument("--source", type=Path, help="a SQLite file instead of a generated one")
    made.add_argument("--repetitions", type=int, default=3, metavar="N", help="how often, in turns (default 3)")
    return made


class Bench:
    """The measurements, on a migrated database."""

    def __init__(self, target: Target, repetitions: int) -> None:
        self.target = target
        self.repetitions = repetitions
        self.environment = environment(target)

    def dbt(self, *words: str) -> float:
        """Seconds that dbt's nodes and hooks took, without its start."""
        target = ROOM / "dbt"
        environ = self.environment | {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(ROOM / "logs")}
        environ["QUANT_FACTORS"] = "true"
        measure(["dbt", *words], environ, ROOM / "dbt.log")
        return float(json.loads((target / "run_results.json").read_text())["elapsed_time"])

    def plain(self) -> Run:
        """The same scores in psql."""
        settle(self.target)
        return measure(["psql", "-X", "-q", "-f", str(FLOOR)], self.environment, ROOM / "psql.log")

    def first_fill(self) -> float:
        """The factors, where nothing is known of them."""
        execute(self.target, FORGET)
        settle(self.target)
        return self.dbt("build", "--select", "factors")

    def new_day(self) -> float:
        execute(self.target, NEW_DAY)
        return self.dbt("build", "--select", "factors")

    def query(self, sql: str) -> float:
        """The p95 of a query in milliseconds, warm."""
        [(region, day, ticker)] = execute(self.target, KEYS)
        values = {"region": region, "day": day, "ticker": ticker}
        connection = self.target.connect("quant benchmark")
        times = []
        try:
            with connection.cursor() as cursor:
                for _ in range(QUERIES + 3):
                    begun = time.perf_counter()
                    cursor.execute(sql, values)
                    cursor.fetchall()
                    times.append(1000 * (time.perf_counter() - begun))
        finally:
            connection.close()
        return sorted(times[3:])[round(0.95 * QUERIES) - 1]

    def figures(self) -> Iterator[tuple[str, float]]:
        """Names and values; the first ones are told, and the goals follow in their order."""
        fills, plain = [], []
        for _ in range(self.repetitions):
            fills.append(self.first_fill())
            plain.append(self.plain().seconds)
        unlike = float(str(execute(self.target, UNLIKE)[0][0]))
        execute(self.target, "drop schema bare cascade")
        yield "first fill in s", median(fills)
        yield "plain SQL in s", median(plain)
        self.dbt("build")
        without = median(self.dbt("build", "--exclude", "factors") for _ in range(self.repetitions))
        idle = median(self.dbt("build") for _ in range(self.repetitions))
        yield "build with nothing changed, without factors, in s", without
        yield "build with nothing changed, with factors, in s", idle
        days = median(self.new_day() for _ in range(self.repetitions))
        yield "one new trading day in s", days
        queries = self.query(ONE_DAY), self.query(TWO_YEARS)
        execute(self.target, COMPRESSED)
        saved = 100 - float(str(execute(self.target, SAVED)[0][0]))
        yield from zip(
            GOALS,
            (
                median(ours / theirs for ours, theirs in zip(fills, plain, strict=True)),
                days / median(fills),
                idle - without,
                unlike,
                saved,
                *queries,
            ),
            strict=True,
        )


def main(words: list[str] | None = None) -> int:
    """Measure. Returns the exit code."""
    arguments = parser().parse_args(words)
    measured: dict[str, float] = {}
    try:
        server = resolve("server")
        ROOM.mkdir(parents=True, exist_ok=True)
        source = arguments.source or sample(arguments.rows)
        with scratch(server, "quant_bench_factors") as target:
            bench = Bench(target, arguments.repetitions)
            say("Loading and building …")
            load(source.resolve(), bench.environment)
            measured["first build without factors in s"] = bench.dbt("build", "--exclude", "factors")
            for name, value in bench.figures():
                measured[name] = round(value, 3)
                missed = "  MISSED" if value > GOALS.get(name, value) else ""
                goal = f"  at most {GOALS[name]:g}" if name in GOALS else ""
                print(f"{value:10.3f}  {name}{goal}{missed}", flush=True)
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    (ROOM / "factors.json").write_text(json.dumps(measured, indent=1))
    return WELL if all(measured[name] <= goal for name, goal in GOALS.items()) else NOT_WELL


if __name__ == "__main__":
    leave(main)
