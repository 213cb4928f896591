"""What can be said of the engine from outside."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from embedded.folder import Endpoint, engine_folder, is_running, read_connection

ADMIN_DATABASE = "engine"
"""The name under which the bridge answers for itself, also while a statement runs."""


@dataclass(frozen=True)
class Status:
    """The engine of one folder. `endpoint` is None when it does not run; `size` is the folder's, in bytes."""

    folder: Path
    endpoint: Endpoint | None
    size: int
    version: str = ""
    clients: int = 0
    waiting: int = 0
    busy_with: str = ""


def status(folder: Path | None = None) -> Status:
    """Looks at the engine without waiting for the statement that runs."""
    where = engine_folder(folder)
    size = sum(_size(path) for path in where.rglob("*"))
    endpoint = read_connection(where)
    if endpoint is None or not is_running(where):
        return Status(where, None, size)
    version, clients, waiting, busy_with = _ask(endpoint)
    return Status(where, endpoint, size, version, clients, waiting, busy_with)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _ask(endpoint: Endpoint) -> tuple[str, int, int, str]:
    import psycopg2

    try:
        with closing(psycopg2.connect(endpoint.dsn, dbname=ADMIN_DATABASE, connect_timeout=5)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("status")
                row = cursor.fetchone()
    except psycopg2.OperationalError:  # an engine that stops may still accept a client, and then close the line
        return "starting or stopping", 0, 0, ""
    assert row is not None
    version, clients, waiting, busy_with = row
    return version, int(clients), int(waiting), busy_with
