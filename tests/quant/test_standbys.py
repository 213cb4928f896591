"""Reads go to a standby that has what its primary has; everything else goes to the primary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from quant import PostgresDatabaseManager
from quant.errors import InvalidValue
from quant.standbys import HOSTS, LAG, named, to_read
from quant.target import Target
from tests.support import native, replicas
from tests.support.dbt_ground import source as small_source
from tests.support.places import NO_SERVER, place_on, query, server_environment
from tests.support.replicas import Pair, until

WHERE = "select pg_is_in_recovery() as standby"
NOWHERE = 9  # the port of "discard", where no server is


@contextmanager
def started() -> Iterator[Pair]:
    programs = native.with_timescaledb()
    if programs is None:
        pytest.skip(NO_SERVER)
    with replicas.pair(programs) as made:
        query(made.primary, "create table public.notes (id int primary key, note text)")
        yield made


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with started() as made:
        yield made


@pytest.fixture
def manager(servers: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., PostgresDatabaseManager]]:
    """Makes a manager of the primary that may read from the standby, or from what is named."""
    made = []

    def make(hosts: str = "", lag: int = 60, pair: Pair = servers) -> PostgresDatabaseManager:
        reads = {HOSTS: hosts or f"127.0.0.1:{pair.standby.port}", LAG: str(lag)}
        for name, value in (server_environment(pair.primary) | reads).items():
            monkeypatch.setenv(name, value)
        made.append(PostgresDatabaseManager(pool_min_conn=1, pool_max_conn=4, pool_timeout=5))
        return made[-1]

    yield make
    for one in made:
        one.close()


@contextmanager
def replay_paused(standby: Target) -> Iterator[None]:
    query(standby, "select pg_wal_replay_pause()")
    try:
        yield
    finally:
        query(standby, "select pg_wal_replay_resume()")


def on_standby(db: PostgresDatabaseManager) -> bool:
    return bool(db.execute_query(WHERE)[0]["standby"])


def test_reads_go_to_the_standby_and_writes_to_the_primary(
    manager: Callable[..., PostgresDatabaseManager],
) -> None:
    db = manager()
    until(lambda: on_standby(db))
    assert bool(db.query_frame(WHERE)["standby"][0])
    assert db.execute_update("insert into notes values (1, 'a')") == 1
    assert db.execute_query("insert into notes values (2, 'b') returning id") == [{"id": 2}]
    assert db.execute_query("with new as (insert into notes values (3, 'c') returning id) select * from new") == [
        {"id": 3}
    ]
    assert db.execute_query("select id from notes where id = 3 for update") == [{"id": 3}]
    assert db.execute_query("select pg_current_wal_lsn() is not null as there") == [{"there": True}]
    with db.transaction() as transaction:
        assert transaction.execute_query(WHERE) == [{"standby": False}]
    with db.get_connection() as connection, connection.cursor() as cursor:
        cursor.execute(WHERE)
        assert cursor.fetchone() == (False,)


def test_a_program_sees_what_it_has_written(servers: Pair, manager: Callable[..., PostgresDatabaseManager]) -> None:
    db = manager()
    until(lambda: on_standby(db))
    with replay_paused(servers.standby):
        db.execute_update("insert into notes values (10, 'old')")
        assert db.execute_query("select note from notes where id = 10") == [{"note": "old"}]
        assert not on_standby(db)
        db.execute_update("update notes set note = 'new' where id = 10")
        assert db.query_frame("select note from notes where id = 10")["note"].tolist() == ["new"]
    until(lambda: on_standby(db))
    assert db.execute_query("select note from notes where id = 10") == [{"note": "new"}]


def test_what_another_has_just_added_is_found(servers: Pair, manager: Callable[..., PostgresDatabaseManager]) -> None:
    db = manager()
    until(lambda: on_standby(db))
    with replay_paused(servers.standby):
        query(servers.primary, "insert into notes values (20, 'of another')")
        assert db.execute_query("select note from notes where id = 20") == [{"note": "of another"}]


def test_a_standby_that_lags_is_not_read(servers: Pair, manager: Callable[..., PostgresDatabaseManager]) -> None:
    db = manager(lag=2)
    until(lambda: on_standby(db))
    with replay_paused(servers.standby):
        query(servers.primary, "insert into notes values (30, 'later')")
        until(lambda: not on_standby(db))
    until(lambda: on_standby(db))


def test_what_is_no_standby_of_the_primary_is_not_read(
    servers: Pair, manager: Callable[..., PostgresDatabaseManager]
) -> None:
    db = manager(f"127.0.0.1:{NOWHERE}, 127.0.0.1:{servers.primary.port}")
    assert not on_standby(db)
    assert not on_standby(db)


def test_the_second_standby_is_read_where_the_first_is_gone(
    servers: Pair, manager: Callable[..., PostgresDatabaseManager]
) -> None:
    db = manager(f"127.0.0.1:{NOWHERE}, 127.0.0.1:{servers.standby.port}")
    until(lambda: on_standby(db))


def test_a_server_named_by_the_program_has_no_standbys_of_the_environment(
    servers: Pair, manager: Callable[..., PostgresDatabaseManager]
) -> None:
    manager()
    login = servers.primary
    with PostgresDatabaseManager(login.host, login.port, login.database, login.user, login.password, 1, 2) as db:
        assert not on_standby(db)


def test_a_standby_that_is_named_as_the_server_is_read_itself(
    servers: Pair, manager: Callable[..., PostgresDatabaseManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager()
    monkeypatch.setenv("POSTGRES_PORT", str(servers.standby.port))
    with PostgresDatabaseManager(pool_min_conn=1, pool_max_conn=2) as db:
        assert on_standby(db)
    assert to_read(servers.standby) == servers.standby


def test_places_are_read_as_people_write_them(servers: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    primary = replace(servers.primary, port=6000)
    monkeypatch.setenv(HOSTS, " a, b:6001,[::1]:6002,::1 , [fe80::2]")
    assert [(one.host, one.port) for one in named(primary)] == [
        ("a", 6000),
        ("b", 6001),
        ("::1", 6002),
        ("::1", 6000),
        ("fe80::2", 6000),
    ]
    assert named(replace(primary, name="embedded")) == []
    monkeypatch.setenv(HOSTS, "a:b")
    with pytest.raises(InvalidValue, match="POSTGRES_READ_HOSTS"):
        named(primary)
    monkeypatch.setenv(HOSTS, "a")
    monkeypatch.setenv(LAG, "soon")
    with pytest.raises(InvalidValue, match="POSTGRES_READ_LAG"):
        to_read(primary)


def test_a_verdict_reads_the_standby_once_it_has_all_and_is_kept_in_the_primary(servers: Pair, tmp_path: Path) -> None:
    path = small_source(tmp_path / "s.db")
    place = place_on(servers.primary, tmp_path)
    query(servers.primary, "create extension if not exists timescaledb")
    place.run("python", "-m", "loader.run", "--source", str(path))
    place.run("dbt", "build")
    judging = ("great_expectations", "checkpoint", "run", "phase1", "--quick", "--json", "--source", str(path))
    verdict = (*judging, "--report", str(tmp_path / "reports"))
    here = {HOSTS: f"127.0.0.1:{servers.standby.port}"}
    read = place.run(*verdict, check=False, **here)
    with replay_paused(servers.standby):
        query(servers.primary, "insert into notes values (40, 'behind')")
        behind = place.run(*verdict, check=False, **here, **{LAG: "1"})
    gone = place.run(*verdict, check=False, **{HOSTS: f"127.0.0.1:{NOWHERE}"})
    asked = place.run(
        *("python", "-m", "quant", "doctor", "--source", str(path)),
        check=False,
        **{HOSTS: f"127.0.0.1:{servers.standby.port},127.0.0.1:{NOWHERE}"},
    )
    [(kept,)] = place.query("select count(*) from audit.verdicts")
    assert f":{servers.standby.port}/" in read.stdout
    assert f":{servers.primary.port}/" in behind.stdout
    assert "is behind by more than 1 s: it is not read." in behind.stderr
    assert "cannot be asked (" in gone.stderr
    assert f":{servers.standby.port}/postgres has what the primary has" in asked.stdout
    assert f":{NOWHERE}/postgres cannot be asked (" in asked.stdout
    assert kept == 3


def test_a_promoted_standby_is_not_read(manager: Callable[..., PostgresDatabaseManager]) -> None:
    with started() as own:
        db = manager(lag=5, pair=own)
        until(lambda: on_standby(db))
        own.promote()
        until(lambda: not on_standby(db))
        assert not on_standby(db)
