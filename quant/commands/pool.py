"""`python -m quant pool`: the pool's settings, and what of it is open after one call."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from quant.commands.shown import show


def arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(options: argparse.Namespace) -> int:
    """Open a pool, make one call, show what it is like."""
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
    return show(found, options.json)
