"""`python -m benchmarks.queries`: the platform's queries at several connections, beside their rivals in the same run.

Every engine has the same rows and answers the same SQL. They take turns query by query, so that a busy machine slows
all of them alike: read the ratios. Nothing here is a goal; a slow machine fails nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from benchmarks.load import ROOM, ROWS, load, sample
from benchmarks.measure import measure
from benchmarks.pages import write_pages
from benchmarks.rivals import DuckDB, Postgres, Session, SQLite, UnknownToEngineError, duckdb, export
from benchmarks.server import environment, execute, scratch, settle
from expectations.queries import QUERIES, Query, anchors
from quant.command import leave
from quant.errors import COULD_NOT_RUN, WELL, UserError
from quant.paths import PROJECT
from quant.progress import say
from quant.target import Target, resolve

REPORTS = PROJECT / "reports" / "bench"
FILL = Path(__file__).with_name("rows.sql")
OURS, PLAIN, PARQUET, FILE = "ours", "plain PostgreSQL", "DuckDB, Parquet", "SQLite"
RIVALS = {"plain": PLAIN, "duckdb": PARQUET, "sqlite": FILE}
PLAIN_TABLES = ("ohlcv_data", "ohlcv_monthly", "ohlcv_quarterly", "ohlcv_yearly", "factor_scores")
WARM_UPS = 2


@dataclass(frozen=True)
class Figure:
    """One query on one engine with so many connections at once; times in milliseconds, None where the engine cannot.

    Attributes:
        cpu: CPU time of the server for each execution, where its processes are on this machine.
        note: why there are no times.
    """

    query: str
    engine: str
    connections: int
    rows: int | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    cpu: float | None = None
    note: str = ""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.queries",
        description="Measure the queries on the server that POSTGRES_HOST names, in a scratch database of its own. "
        f"Writes queries.json, queries.md and queries.svg into {REPORTS.relative_to(PROJECT)}.",
        epilog="exit codes: 0 done, 2 could not run.",
    )
    made.add_argument("--rows", type=int, default=ROWS, help=f"rows of ohlcv_data (default {ROWS})")
    made.add_argument("--source", type=Path, help="a SQLite file instead of a generated one")
    made.add_argument("--connections", type=int, nargs="+", default=[1, 8, 30], metavar="N", help="default 1 8 30")
    made.add_argument("--runs", type=int, default=40, metavar="N", help="executions of a query, at least (default 40)")
    made.add_argument("--without", nargs="+", choices=RIVALS, default=(), help="leave these out")
    made.add_argument("--output", type=Path, default=REPORTS, help="folder of the results")
    return made


def prepare(target: Target, source: Path, rivals: Sequence[str]) -> dict[str, Callable[[], Session]]:
    """Migrate, fill the tables of applications and the rivals; returns how to connect to each engine, by name."""
    environ = environment(target) | {"DBT_TARGET_PATH": str(ROOM / "dbt"), "DBT_LOG_PATH": str(ROOM / "logs")}
    say("Loading and building …")
    load(source, environ)
    measure(["dbt", "build"], environ, ROOM / "dbt.log")
    say("Filling the other tables and the rivals …")
    measure(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(FILL)], environ, ROOM / "psql.log")
    engines: dict[str, Callable[[], Session]] = {OURS: lambda: Postgres(target, "public")}
    if "plain" in rivals:
        engines[PLAIN] = lambda: Postgres(target, "plain")
    if "duckdb" in rivals:
        duckdb()
        tables = {query.table for query in QUERIES} | {"stock_details"}
        export(target, sorted(tables), ROOM / "parquet")
        engines[PARQUET] = lambda: DuckDB(ROOM / "parquet")
    if "sqlite" in rivals:
        engines[FILE] = lambda: SQLite(source)
    settle(target)
    return engines


def figures(
    target: Target, engines: dict[str, Callable[[], Session]], connections: Sequence[int], runs: int
) -> Iterator[Figure]:
    """Measure each query with each number of connections on each engine."""
    connection = target.connect("quant benchmark")
    try:
        asked = anchors(connection)
        with connection.cursor() as cursor:
            literal = {query: cursor.mogrify(query.sql, asked).decode() for query in QUERIES}
    finally:
        connection.close()
    for query in QUERIES:
        for count in connections:
            for engine, connect in engines.items():
                if engine != PLAIN or query.table in PLAIN_TABLES:
                    yield figure(query, literal[query], engine, connect, count, runs)


def figure(query: Query, sql: str, engine: str, connect: Callable[[], Session], count: int, runs: int) -> Figure:
    """Measure a query on an engine, with that many connections that ask at the same time."""
    sessions: list[Session] = []
    try:
        sessions += [connect() for _ in range(count)]
        for session in sessions:
            for _ in range(WARM_UPS):
                rows = session.run(sql)
        before = [session.cpu() for session in sessions]
        with ThreadPoolExecutor(count) as pool:
            each = -(-runs // count)
            taken = sorted(chain(*pool.map(lambda session: _times(session, sql, each), sessions)))
        spent = [
            1000 * (after - began)
            for began, session in zip(before, sessions, strict=True)
            if began is not None and (after := session.cpu()) is not None
        ]
    except UnknownToEngineError as error:
        return Figure(query.meaning, engine, count, note=str(error))
    finally:
        for session in sessions:
            session.close()
    p50, p95, p99 = (round(taken[min(len(taken) - 1, int(len(taken) * share))], 3) for share in (0.5, 0.95, 0.99))
    cpu = round(sum(spent) / (each * count), 3) if spent else None
    return Figure(query.meaning, engine, count, rows, p50, p95, p99, cpu)


def sizes(target: Target) -> dict[str, float]:
    """Megabytes of the prices and scores on each engine."""
    ((ours, scores, plain, plain_scores),) = execute(
        target,
        "select public.hypertable_size('public.ohlcv_data') / 1e6, "
        "public.hypertable_size('public.factor_scores') / 1e6, "
        "pg_total_relation_size(to_regclass('plain.ohlcv_data')) / 1e6, "
        "pg_total_relation_size(to_regclass('plain.factor_scores')) / 1e6",
    )
    found = {
        f"ohlcv_data, {OURS}": ours,
        f"factor_scores, {OURS}": scores,
        f"ohlcv_data, {PLAIN}": plain,
        f"factor_scores, {PLAIN}": plain_scores,
    }
    for name in ("ohlcv_data", "factor_scores"):
        if (file := ROOM / "parquet" / f"{name}.parquet").exists():
            found[f"{name}, {PARQUET}"] = file.stat().st_size / 1e6
    return {name: round(float(str(size)), 1) for name, size in found.items() if size is not None}


def _times(session: Session, sql: str, runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        session.run(sql)
        times.append(1000 * (time.perf_counter() - begun))
    return times


def main(words: Sequence[str] | None = None) -> int:
    """Measure, write the results and return the exit code."""
    options = parser().parse_args(words)
    try:
        server = resolve("server")
        ROOM.mkdir(parents=True, exist_ok=True)
        source = (options.source or sample(options.rows)).resolve()
        with scratch(server, f"quant_bench_queries_{os.getpid()}") as target:
            engines = prepare(target, source, [name for name in RIVALS if name not in options.without])
            found = []
            for each in figures(target, engines, options.connections, options.runs):
                say(f"{each.query}, {each.engine}, {each.connections}: {each.note or f'{each.p50} ms'}")
                found.append(each)
            document = {
                "begun": datetime.now(UTC).isoformat(timespec="seconds"),
                "server": str(server),
                "machine": {"processors": os.cpu_count(), "system": platform.platform()},
                "rows": options.rows,
                "sizes": sizes(target),
                "figures": [asdict(each) for each in found],
            }
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "queries.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    write_pages(document, options.output)
    return WELL


if __name__ == "__main__":
    leave(main)
