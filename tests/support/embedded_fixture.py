"""An embedded engine of its own for a module's tests, in a folder that nobody else uses."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection

import embedded

Connect = Callable[..., connection]


@pytest.fixture(scope="module")
def own_engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running engine that is stopped at the end of the module."""
    folder = tmp_path_factory.mktemp("engine")
    embedded.start(folder)
    yield folder
    embedded.stop(folder)


@pytest.fixture
def connect(own_engine_folder: Path) -> Iterator[Connect]:
    """Makes psycopg2 connections to that engine, in autocommit unless told otherwise; closes them after the test."""
    opened: list[connection] = []

    def make(autocommit: bool = True, **options: Any) -> connection:
        made: connection = psycopg2.connect(
            embedded.ensure_running(own_engine_folder).dsn, connect_timeout=30, **options
        )
        made.autocommit = autocommit
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.close()


def message(kind: bytes, body: bytes) -> bytes:
    """A message of PostgreSQL's wire protocol."""
    return kind + struct.pack(">I", len(body) + 4) + body


def run(made: connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows that a statement returns; none for a statement without rows."""
    with closing(made.cursor()) as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def soon(made: connection, sql: str) -> list[tuple[Any, ...]]:
    """The rows that a statement returns within twenty seconds; one that hangs fails its test, and is left behind."""
    future: Future[list[tuple[Any, ...]]] = Future()
    Thread(target=lambda: future.set_result(run(made, sql)), daemon=True).start()
    return future.result(timeout=20)
