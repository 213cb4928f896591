"""The two targets that tests run on, both real."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import embedded
from quant.paths import PROJECT
from quant.target import Target
from tests.support import native, warm

KINDS = os.environ.get("QUANT_TEST_PLACES", "embedded server").split()  # `make mutants` tries one
NO_SERVER = (
    "there is no native TimescaleDB here: set POSTGRES_HOST and its like, or install it beside PostgreSQL's programs"
)


def server_environment(target: Target) -> dict[str, str]:
    """What tells the commands to use that server."""
    return {
        "QUANT_TARGET": "server",
        "POSTGRES_HOST": target.host,
        "POSTGRES_PORT": str(target.port),
        "POSTGRES_DB": target.database,
        "POSTGRES_USER": target.user,
        "POSTGRES_PASSWORD": target.password,
    }


@dataclass(frozen=True)
class Place:
    """A target with nothing in it, and the environment in which the three commands use it."""

    target: Target
    environment: dict[str, str]

    def run(self, *command: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the project in its root, as a user would but for the imports (`warm`)."""
        done = warm.run(command, self.environment | more)
        assert not check or done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def start(self, *command: str, **more: str) -> subprocess.Popen[str]:
        """Start a command without waiting for it."""
        return subprocess.Popen(
            self.command(*command),
            env=self.environment | more,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def timescaledb(self) -> tuple[int, ...]:
        """The version that its database has."""
        [(version,)] = self.query("select extversion from pg_extension where extname = 'timescaledb'")
        return tuple(map(int, re.findall(r"\d+", str(version))))

    @staticmethod
    def command(*words: str) -> list[str]:
        return [str(Path(sys.executable).parent / words[0]), *words[1:]]

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of a query, over a connection of its own."""
        return query(self.target, sql, *values)


def query(target: Target, sql: str, *values: object) -> list[tuple[object, ...]]:
    """The rows of a query on a target, as an application asks it."""
    connection = target.connect("tests")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("set search_path = public")
            cursor.execute(sql, values or None)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def empty_environment(folder: Path) -> dict[str, str]:
    """This environment without any target, factors and dbt's unit tests; what dbt writes goes into that folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("POSTGRES_", "QUANT_", "PG"))}
    return kept | {
        "QUANT_ENV_FILE": "",
        "QUANT_FACTORS": "false",
        "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",  # no data changes what they say: test_whole_way runs them
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }


def place_on(target: Target, folder: Path) -> Place:
    """That database as a place."""
    return Place(target, empty_environment(folder) | server_environment(target))


@pytest.fixture(scope="session")
def native_server() -> Iterator[Target | None]:
    """A native server, or None."""
    with native.server() as target:
        yield target


@pytest.fixture(scope="session")
def make_place(
    tmp_path_factory: pytest.TempPathFactory, native_server: Target | None
) -> Callable[[str], contextmanager[Place]]:
    """A maker of empty places: `with make_place("embedded") as place:`."""
    numbers = iter(range(1_000_000))
    parsed = tmp_path_factory.mktemp("parsed") / "partial_parse.msgpack"

    @contextmanager
    def make(kind: str) -> Iterator[Place]:
        name = f"quant_test_{os.getpid()}_{next(numbers)}"
        with dbt_folder() as written, placed(kind, name, written) as place:
            yield place

    @contextmanager
    def dbt_folder() -> Iterator[Path]:
        """Where dbt finds what it parsed for the place before, two seconds' work."""
        written = tmp_path_factory.mktemp("dbt")
        own = written / "target" / parsed.name
        own.parent.mkdir()
        if parsed.exists():
            shutil.copy(parsed, own)
        yield written
        if own.exists():
            shutil.copy(own, parsed)

    @contextmanager
    def placed(kind: str, name: str, written: Path) -> Iterator[Place]:
        if kind == "embedded":
            folder = tmp_path_factory.mktemp("engine") / "embedded"
            endpoint = embedded.ensure_running(folder)
            target = Target(
                "embedded", endpoint.host, endpoint.port, endpoint.database, endpoint.user, endpoint.password, "disable"
            )
            try:
                own = {"QUANT_TARGET": "embedded", "QUANT_EMBEDDED_DIR": str(folder)}
                yield Place(target, empty_environment(written) | own)
            finally:
                embedded.stop(folder)
        else:
            if native_server is None:
                pytest.skip(NO_SERVER)
            with native.database(native_server, name) as target:
                yield place_on(target, written)

    return make


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, make_place: Callable[[str], contextmanager[Place]]) -> Iterator[Place]:
    """An empty target, shared by the tests of one module; the tests run on both kinds."""
    with make_place(request.param) as made:
        yield made
