"""A schema altered by hand, so that rows are lost, changed or refused one day: each change is named, on a server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from expectations.structure.expressions import normalised
from tests.support.places import Place
from tests.support.schema_faults import TABLES
from tests.support.storage_faults import STORAGE
from tests.support.verdict_ground import Ground, migrate, run

BATCHES = TABLES | STORAGE
ROLE = "quant_test_somebody"


@pytest.fixture(scope="module")
def origin(
    make_place: Callable[[str], contextmanager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """A database that is copied for each batch; the embedded engine has one alone, and is asked by the same queries."""
    with make_place("server") as place:
        ground = migrate(place, tmp_path_factory.mktemp("spock") / "spock.db")
        ground.query(f"drop role if exists {ROLE}")
        ground.query(f"create role {ROLE}")
        yield ground
    on(ground, "postgres").query(f"drop role {ROLE}")


def on(ground: Ground, database: str) -> Ground:
    """Another database of that server."""
    place = dataclasses.replace(
        ground.place,
        target=dataclasses.replace(ground.place.target, database=database),
        environment=ground.place.environment | {"POSTGRES_DB": database},
    )
    return Ground(place, ground.source, lambda *more, **known: run(place, ground.source, *more, **known))


@contextmanager
def copy(ground: Ground, name: str) -> Iterator[Ground]:
    """A database like that one, to which nobody may connect any more: TimescaleDB's own workers would."""
    old = ground.place.target.database
    server, made = on(ground, "postgres"), on(ground, f"{old}_{name}")
    new = made.place.target.database
    server.query(f"drop database if exists {new} with (force)")
    server.query(f"alter database {old} with allow_connections false")
    server.query(f"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{old}'")
    server.query(f"create database {new} template {old}")
    try:
        yield made
    finally:
        server.query(f"drop database if exists {new} with (force)")


def test_an_undisturbed_schema_is_as_declared(origin: Ground) -> None:
    with copy(origin, "usual") as ground:
        outcome = ground.run("--only", "health")
    assert outcome.code == 0
    assert outcome.failed.keys() <= {"no background job failed at its last run"}  # its worker may be gone with the copy


@pytest.mark.parametrize("batch", BATCHES)
def test_what_was_altered_by_hand_is_named(origin: Ground, batch: str) -> None:
    with copy(origin, batch) as ground:
        names = {"role": ROLE, "database": ground.place.target.database}
        faults = [tuple(_filled(text, names) for text in fault) for fault in BATCHES[batch]]
        for statement, _, _ in faults:
            plant(ground, statement)
        outcome = ground.run("--only", "health")
    missed = [fault for fault in faults if fault[2] not in outcome.failed.get(fault[1], "")]
    assert not missed, outcome.failed
    assert not [check for check in outcome.document["checks"] if check["error"]]


def test_an_expression_that_is_refused_ends_no_transaction(origin: Ground) -> None:
    with closing(on(origin, "postgres").place.target.connect("tests")) as connection, connection.cursor() as cursor:
        cursor.execute("select")  # and the session is in a transaction
        told = normalised(connection, {"a": "bigint"}, ["a > 1", "a in ('x')", "((a) > 1)"])
        cursor.execute("select 'still there'")
        assert cursor.fetchall() == [("still there",)]
    assert told[0] == told[2]
    assert told[1].startswith("refused: a in ('x')")


def plant(ground: Ground, statement: str) -> None:
    for one in statement.split(";\n"):  # what must run by itself follows on a line of its own
        ground.query(one)


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
