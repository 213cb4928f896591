"""What the platform's programs import: a pool, a manager of the database, and its twin over the SQLite file.

    from quant import PostgresDatabaseManager

    with PostgresDatabaseManager() as db:
        prices = db.get_ohlcv_data("005930", start_date="2024-01-01", region="KR")

docs/python.md says what each method takes, returns and raises. Nothing here imports dlt, dbt or Great Expectations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quant.errors import (
    ConnectionLost,
    IntegrityError,
    InvalidValue,
    PoolTimeout,
    QuantError,
    QueryError,
    ReadOnly,
    UnknownName,
    UnknownParent,
    UnknownRegion,
)

if TYPE_CHECKING:
    from quant.postgres import PostgresDatabaseManager
    from quant.sqlite import SQLiteDatabaseManager

__all__ = [
    "ConnectionLost",
    "IntegrityError",
    "InvalidValue",
    "PoolTimeout",
    "PostgresDatabaseManager",
    "QuantError",
    "QueryError",
    "ReadOnly",
    "SQLiteDatabaseManager",
    "UnknownName",
    "UnknownParent",
    "UnknownRegion",
]


def __getattr__(name: str) -> Any:
    """The managers, imported when they are asked for: pandas takes half a second, which `--help` need not."""
    if name == "PostgresDatabaseManager":
        from quant.postgres import PostgresDatabaseManager

        return PostgresDatabaseManager
    if name == "SQLiteDatabaseManager":
        from quant.sqlite import SQLiteDatabaseManager

        return SQLiteDatabaseManager
    raise AttributeError(f"module 'quant' has no attribute {name!r}")
