"""No command waits in silence or for ever: for a lock, for a server that does not answer, for another of its kind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from quant.server.lock import BUILD, Held, held, only_loader
from quant.server.watch import watching
from tests.support import pooler
from tests.support.dbt_ground import source as small_source
from tests.support.places import Place, place_on
from tests.support.sources import write
from tests.support.stalling_proxy import StallingProxy

Make = Callable[[str], AbstractContextManager[Place]]
SHORT = {"QUANT_WAIT_LIMIT": "9"}
BEYOND_AN_ANSWER = {"QUANT_WAIT_LIMIT": "25"}  # for the second connection has ten seconds to answer
ROWS = (
    "create table t (a integer primary key, b text)",
    "insert into t with recursive n(i) as (select 1 union all select i + 1 from n where i < 9000) "
    "select i, hex(randomblob(40)) from n",
)


@pytest.fixture(scope="module")
def server(make_place: Make) -> Iterator[Place]:
    with make_place("server") as made:
        yield made


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_source(tmp_path_factory.mktemp("source") / "s.db")


@contextmanager
def locked(place: Place, table: str) -> Iterator[int]:
    """A forgotten transaction that holds a table; the server's process of it."""
    with closing(place.target.connect("tests")) as other, other.cursor() as cursor:
        cursor.execute("set application_name = 'nightly_job'")
        cursor.execute(f"lock table {table} in access exclusive mode")
        yield other.info.backend_pid


def load(place: Place, path: Path, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    return place.run("python", "-m", "loader.run", "--source", str(path), "--progress", "none", check=check, **more)


def test_who_waits_for_a_lock_says_for_whom_and_ends(server: Place, path: Path) -> None:
    load(server, path)
    server.run("dbt", "build")
    write(path, "update trades set price = price + 1")
    verdict = ("great_expectations", "checkpoint", "run", "phase1", "--source", str(path), "--no-report")
    with locked(server, "raw.trades") as pid:
        loaded = load(server, path, check=False, **SHORT)
    with locked(server, "public.trades") as holder:
        judged = server.run(*verdict, "--only", "values", "--wait-limit", "9", check=False)
    load(server, path)
    with locked(server, "public.trades") as other:
        built = server.run("dbt", "--no-use-colors", "build", "--select", "trades", check=False, **SHORT)
        asked = server.run("python", "-m", "quant", "status", check=False, **SHORT)
    assert loaded.returncode == judged.returncode == asked.returncode == 2
    for said, process in ((loaded.stderr, pid), (judged.stderr, holder), (asked.stderr, other)):
        who = f"session {process} (user {server.target.user}, application nightly_job, idle in transaction since "
        assert f"which {who}" in said
        assert "Waiting for a lock on " in said
        assert "s for a lock on " in said.splitlines()[-1]
        assert "Traceback" not in said
    assert "application nightly_job, idle in transaction" in built.stderr
    assert "s for a lock on public.trades, which session" in " ".join(built.stdout.split())
    with locked(server, "audit.quarantine"):  # which a build wants before its first node
        begun = server.run("dbt", "--no-use-colors", "build", check=False, **SHORT)
    assert "Waiting for a lock on audit.quarantine, which session" in begun.stderr
    assert "s for a lock on audit.quarantine, which session" in " ".join(begun.stdout.split()), begun.stdout
    assert (begun.returncode, "Traceback" in begun.stdout + begun.stderr) == (1, False)
    server.run("dbt", "build", "--select", "trades")


def test_a_long_statement_is_no_wait(server: Place) -> None:
    with (
        watching(server.target, "tests", 3),
        closing(server.target.connect("tests")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select pg_sleep(7)")  # a dozen questions of the watch


@pytest.mark.parametrize("for_new", [True, False], ids=["new connections stall, too", "new connections pass"])
def test_a_stalled_network_ends_in_a_sentence(make_place: Make, tmp_path: Path, for_new: bool) -> None:
    path = write(tmp_path / "s.db", *ROWS)
    with make_place("server") as place, StallingProxy(place.target, 200_000, for_new) as proxy:
        done = load(place, path, check=False, POSTGRES_PORT=str(proxy.port), **BEYOND_AN_ANSWER)
        assert proxy.stalled
    assert done.returncode == 2, done.stderr
    assert "has not answered for " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_build_says_who_builds(server: Place, path: Path) -> None:
    load(server, path)
    with held(server.target, BUILD, "quant build"):
        done = server.run("dbt", "--no-use-colors", "build", check=False, QUANT_WAIT_LIMIT="2")
    assert done.returncode == 2
    assert f"(by quant build lock {os.getpid()}, server process " in done.stderr
    assert "build again when it is done" in " ".join(done.stdout.split())


def test_a_killed_build_leaves_no_lock(server: Place, path: Path) -> None:
    load(server, path)
    process = server.start("dbt", "build", "--full-refresh")
    while not server.query("select 1 from pg_locks where locktype = 'advisory' and objid = %s", BUILD & 0xFFFFFFFF):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    server.run("dbt", "build", QUANT_WAIT_LIMIT="20")


@pytest.mark.skipif(not pooler.PROGRAM, reason=pooler.MISSING)
def test_through_a_pooler_in_transaction_mode_one_loader_works_and_leaves_nothing_behind(
    server: Place, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.db", *ROWS)
    with pooler.pooled(server.target) as target:
        place = place_on(target, tmp_path)
        with only_loader(target):
            for _ in range(5):  # the pooler's connections go from hand to hand
                assert server.query("select 1") == [(1,)]
                refused = load(place, path, check=False)
                assert refused.returncode == 2
                assert "Another loader is filling this database (by quant loader lock" in refused.stderr
        load(place, path)
        write(path, "update t set b = 'other' where a % 3 = 0", "delete from t where a % 7 = 0")
        load(place, path, QUANT_ALLOW_REMOVAL="t")
        place.run("python", "-m", "loader.run", "--source", str(path), "--dry-run", "--full-refresh")
        with (
            closing(psycopg2.connect(target.uri("application", pooled=True))) as application,
            application.cursor() as cursor,
        ):
            cursor.execute("select current_setting('search_path'), current_setting('synchronous_commit')")
            assert cursor.fetchone() == ('"$user", public', "on")
        build = place.run("dbt", "--no-use-colors", "build", check=False)
    assert build.returncode == 2
    assert "is reached through a pooler that takes no settings of a session" in " ".join(build.stdout.split())
    assert server.query("select count(*) from raw.t") == [(9000 - 9000 // 7,)]


def test_the_lock_is_another_one_in_each_database_and_free_again(server: Place, make_place: Make) -> None:
    with make_place("server") as other, only_loader(server.target), only_loader(other.target):
        pass
    with pytest.raises(Held), held(server.target, BUILD, "tests"), held(server.target, BUILD, "tests"):
        pass
    with held(server.target, BUILD, "tests"):
        pass
