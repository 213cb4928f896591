"""`python -m quant test`: connect, ask, say how long it took."""

from __future__ import annotations

import argparse
from time import perf_counter

from quant.commands.shown import show


def arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(options: argparse.Namespace) -> int:
    """Connect, ask, say how long it took."""
    from quant import PostgresDatabaseManager

    with PostgresDatabaseManager(pool_min_conn=1, pool_max_conn=2) as db:
        begun = perf_counter()
        db.test_connection()
        connected = perf_counter()
        versions = db.execute_query(
            "select split_part(version(), ' ', 2) as postgresql,"
            " (select extversion from pg_catalog.pg_extension where extname = 'timescaledb') as timescaledb"
        )[0]
        asked = perf_counter()
        tables = db.execute_query("select count(*) as count from pg_catalog.pg_tables where schemaname = 'public'")
    found = {
        "database": f"{db.user}@{db.host}:{db.port}/{db.database}",
        **versions,
        "tables in public": tables[0]["count"],
        "connected in ms": round((connected - begun) * 1000, 1),
        "answered in ms": round((asked - connected) * 1000, 1),
    }
    return show(found, options.json)
