"""A migrated database for the tests of the verdict, and a way to run the checkpoint on it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from expectations import cli
from tests.support.places import KINDS, Place

ROWS = 5000  # the fewest that the generator takes
PACK = (
    "select compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass, true) "
    "from timescaledb_information.chunks where hypertable_name = 'ohlcv_data' "
    "and range_end < now() - interval '365 days'"
)


@dataclass(frozen=True)
class Outcome:
    """What the checkpoint said."""

    code: int
    document: dict[str, Any]
    error: str

    @property
    def failed(self) -> dict[str, str]:
        """What was found wrong, by the expectation's description."""
        checks = self.document["checks"]
        failed = {check["description"]: "\n".join(check["problems"]) for check in checks if not check["passed"]}
        failed.pop(
            "what was confirmed outlives a crash of the server", None
        )  # a test server need not write to its disk
        return failed

    @property
    def said(self) -> str:
        return "\n".join(self.failed.values())

    @property
    def wrong(self) -> list[str]:
        """What was found wrong, apart from times: those depend on what else the machine does."""
        timed = {check["description"] for check in self.document["checks"] if check["suite"] == "speed"}
        return [description for description in self.failed if description not in timed]


@dataclass(frozen=True)
class Ground:
    """A small Spock database after `loader.run` and `dbt build`."""

    place: Place
    source: Path
    run: Callable[..., Outcome]

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        return self.place.query(sql, *values)

    @contextmanager
    def planted(self, fault: str, undo: str) -> Iterator[None]:
        """A fault in the target that is gone again afterwards, whatever the test finds.

        A statement list without parameters is one transaction: a fault that cannot be planted leaves nothing behind.
        """
        self.query(fault)
        try:
            yield
        finally:
            self.query(undo)

    @contextmanager
    def changed(self, table: str, where: str, change: str) -> Iterator[None]:
        """Rows of a table of public changed (`{table}` and `{where}` are filled in), and as they were afterwards."""
        keep = f"create table audit.kept as select * from public.{table} where {where}"
        put_back = (
            f"delete from public.{table} where source_rowid in (select source_rowid from audit.kept); "
            f"insert into public.{table} select * from audit.kept"
        )
        with (
            # Rows that are put back into a compressed chunk lie beside what is compressed, until it is done again.
            self.planted("select", PACK),
            self.planted(keep, "drop table audit.kept"),
            self.planted(change.format(table=f"public.{table}", where=where), put_back),
        ):
            yield

    def of_source(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.source)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def grounds(
    make_place: Callable[[str], contextmanager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Ground]]:
    """Makes a migrated database of either kind once, and keeps it: files of tests ask for both in turns."""
    with ExitStack() as stack:

        @cache
        def ground(kind: str) -> Ground:
            return migrate(stack.enter_context(make_place(kind)), tmp_path_factory.mktemp("spock") / "spock.db")

        yield ground


@pytest.fixture(scope="session", params=KINDS)
def migrated(request: pytest.FixtureRequest, grounds: Callable[[str], Ground]) -> Ground:
    """Shared by all tests of the verdict, which leave it as they found it."""
    return grounds(request.param)


def migrate(place: Place, source: Path) -> Ground:
    """A sample, loaded and built in that place."""
    place.run("python", "-m", "loader.sample", "--output", str(source), "--rows", str(ROWS), "--quiet")
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("create table notes (id integer primary key, body text, weight real)")
        notes = [(1, "", 0.0), (2, None, 0.1), (3, "셋", 1e300), (4, "four", -1.5)]
        connection.executemany("insert into notes values (?, ?, ?)", notes)
    place.run("python", "-m", "loader.run", "--source", str(source))
    place.run("dbt", "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    return Ground(place, source, lambda *more, **environment: run(place, source, *more, **environment))


def run(place: Place, source: Path, *more: str, **environment: str) -> Outcome:
    """Run the checkpoint in this process, for its imports take longer than the small database."""
    out, err = _Kept(), _Kept()
    words = ["checkpoint", "run", "phase1", "--source", str(source), "--json", *more]
    if "--report" not in more:
        words.append("--no-report")
    with (
        mock.patch.dict(os.environ, place.environment | environment, clear=True),
        mock.patch("sys.stdout", out),
        mock.patch("sys.stderr", err),
    ):
        code = cli.main(words)
    return Outcome(code, json.loads(out.text) if out.text else {}, err.text)


class _Kept:
    """A stream that keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False
