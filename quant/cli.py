"""`python -m quant`: what can be done beside the three commands of the migration."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter
from typing import Any

from quant.errors import COULD_NOT_RUN, WELL, UserError

EPILOG = """\
The database is the one that POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD name;
without them, or with QUANT_TARGET=embedded, the embedded engine.

exit codes: 0 done and well, 1 done but something is not well, 2 could not run."""


def test(arguments: argparse.Namespace) -> int:
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
    return _shown(found, arguments)


def pool(arguments: argparse.Namespace) -> int:
    """The pool's settings, and what of it is open after one call."""
    from quant import PostgresDatabaseManager

    with PostgresDatabaseManager() as db:
        session = db.execute_query(
            "select current_setting('TimeZone') as timezone, current_setting('statement_timeout') as statement_timeout,"
            " current_setting('application_name') as application_name, current_setting('max_connections') as allowed"
        )[0]
        allowed = session.pop("allowed")
        found = {
            "database": f"{db.user}@{db.host}:{db.port}/{db.database}",
            "kept open": db.pool.minconn,
            "at most": db.pool.maxconn,
            "allowed by the server": int(allowed),
            "seconds to wait": db.pool.timeout,
            **session,
            **asdict(db.pool_stats()),
        }
    return _shown(found, arguments)


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
    "test": (test, "connect to the database, and say what it is"),
    "pool": (pool, "show the settings of the pool that programs get by default"),
}


def main(arguments: list[str] | None = None) -> int:
    """Does what the command line says. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m quant",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, (_, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.add_argument("--json", action="store_true", help="as JSON")
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return WELL
    try:
        return COMMANDS[chosen.command][0](chosen)
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN


def _shown(found: dict[str, Any], arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps(found))
        return WELL
    width = max(map(len, found)) + 2
    for name, value in found.items():
        print(f"{name.replace('_', ' '):<{width}}{value}")
    return WELL
