"""What deploy/ promises, on its very files: two nodes, their ports, and a leader that is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2.extensions
import pytest

from quant import PostgresDatabaseManager
from quant.server.lock import BUILD, only_loader
from quant.standbys import HOSTS
from quant.target import Target
from tests.support import native
from tests.support.cluster import LACKING, MISSING, Cluster, cluster
from tests.support.dbt_ground import clean_source
from tests.support.places import NO_SERVER, Place, place_on, query, server_environment
from tests.support.replicas import application, until
from tests.support.sources import write

pytestmark = pytest.mark.skipif(bool(LACKING), reason=MISSING)

BUILDS = ("dbt", "--no-use-colors", "build", "--exclude-resource-type", "unit_test")
TRADE = "insert into trades values (7, '005930', 'KR', 'BUY', 1.5)"


@pytest.fixture(scope="module")
def servers() -> Iterator[Cluster]:
    programs = native.with_timescaledb()
    if programs is None:
        pytest.skip(NO_SERVER)
    with cluster(programs) as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def path(folder: Path) -> Path:
    return clean_source(folder / "s.db")


@pytest.fixture(scope="module")
def migrated(servers: Cluster, folder: Path, path: Path) -> Place:
    """The primary's port, where load and build are done."""
    place = place_on(servers.primary, folder)
    done = load(place, path)
    assert done.returncode == 0, done.stderr
    place.run(*BUILDS)
    return place


def load(place: Place, path: Path) -> subprocess.CompletedProcess[str]:
    return place.run("python", "-m", "loader.run", "--source", str(path), check=False)


def verdict(place: Place, path: Path, folder: Path, standby: Target, *more: str) -> subprocess.CompletedProcess[str]:
    words = ("great_expectations", "checkpoint", "run", "phase1", *more, "--source", str(path))
    return place.run(*words, "--report", str(folder / "reports"), check=False, **read_from(standby))


def read_from(standby: Target) -> dict[str, str]:
    return {HOSTS: f"{standby.host}:{standby.port}"}


def process(session: psycopg2.extensions.connection) -> object:
    """That of the server which served the last transaction."""
    with session, session.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()


def test_verdict_and_package_read_the_standby(
    servers: Cluster, migrated: Place, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = verdict(migrated, path, folder, servers.standby, "--quick")
    assert "phase1: passed" in done.stdout, done.stdout + done.stderr
    assert f":{servers.standby.port}/" in done.stdout
    assert query(servers.follower().target, "select count(*) from audit.verdicts") == [(1,)]
    asked = verdict(place_on(servers.standby, folder), path, folder, servers.standby, "--quick")
    assert "phase1: passed" in asked.stdout, asked.stdout + asked.stderr
    assert migrated.query("select count(*) from audit.verdicts") == [(1,)], "a standby takes no writes"
    for name, value in (server_environment(servers.primary) | read_from(servers.standby)).items():
        monkeypatch.setenv(name, value)
    with PostgresDatabaseManager(pool_min_conn=1, pool_max_conn=4) as db:
        until(lambda: db.execute_query("select pg_is_in_recovery() as standby") == [{"standby": True}])


@pytest.mark.usefixtures("migrated")
def test_load_and_build_refuse_the_standby(servers: Cluster, path: Path, folder: Path) -> None:
    place = place_on(servers.standby, folder)
    loaded, built = load(place, path), place.run(*BUILDS, check=False)
    for done in (loaded, built):
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 2, said
        assert "is a standby, which takes no writes: name its primary in POSTGRES_HOST." in said
        assert "Traceback" not in said


def test_through_the_pooler_one_loader_works_and_leaves_no_lock(
    servers: Cluster, migrated: Place, path: Path, folder: Path
) -> None:
    write(path, TRADE)
    place = place_on(servers.pooled, folder)
    with (
        closing(servers.pooled.connect("tests", pooled=True)) as one,
        closing(servers.pooled.connect("tests", pooled=True)) as another,
    ):
        assert process(one) == process(another), "it is in transaction mode"
    with only_loader(servers.pooled):
        refused = load(place, path)
    assert refused.returncode == 2
    assert "Another loader is filling this database (by quant loader lock" in refused.stderr
    loaded = load(place, path)
    assert loaded.returncode == 0, loaded.stderr
    assert migrated.query("select count(*) from raw.trades") == [(1,)]
    locks = "select * from pg_locks inner join pg_stat_activity using (pid) where locktype = 'advisory'"
    # Jobs of TimescaleDB's have some for as long as they run.
    assert migrated.query(f"{locks} and backend_type = 'client backend'") == []


def test_a_leader_that_is_killed_amid_a_build_costs_nothing_that_was_confirmed(
    servers: Cluster, migrated: Place, path: Path, folder: Path
) -> None:
    migrated.query("create schema app; create table app.rows (id int)")
    leader, other = servers.leader(), servers.follower()
    confirmed: list[int] = []
    with application(servers.primary, confirmed), migrated.start(*BUILDS, "--full-refresh") as building:
        lock = "select 1 from pg_locks where locktype = 'advisory' and objid = %s"
        until(lambda: bool(confirmed and query(leader.target, lock, BUILD & 0xFFFFFFFF)))
        leader.kill()
        said, _ = building.communicate(timeout=300)
    assert building.returncode == 2, said
    assert "Traceback" not in said
    servers.until_led_by(other)
    loaded = load(migrated, path)
    assert loaded.returncode == 0, loaded.stderr
    migrated.run(*BUILDS)
    alone = verdict(migrated, path, folder, servers.standby)
    assert "phase1: passed" in alone.stdout, alone.stdout + alone.stderr
    assert "is no standby of the primary: it is not read." in alone.stderr
    assert {number for (number,) in migrated.query("select id from app.rows")} >= set(confirmed)
    leader.start()
    servers.until_settled()
    followed = verdict(migrated, path, folder, servers.standby, "--quick")
    assert "phase1: passed" in followed.stdout, followed.stdout + followed.stderr
    assert f":{servers.standby.port}/" in followed.stdout
