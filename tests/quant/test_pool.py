"""The pool: turns, time-outs, connections that break, children of fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from quant import ConnectionLost, InvalidValue, PoolTimeout, PostgresDatabaseManager
from quant.gate import Gate
from quant.paths import PROJECT
from quant.target import Target
from tests.support import native
from tests.support.places import NO_SERVER, server_environment


def manager(target: Target, **more: Any) -> PostgresDatabaseManager:
    login = (target.host, target.port, target.database, target.user, target.password)
    return PostgresDatabaseManager(*login, **{"pool_min_conn": 2, "pool_max_conn": 8} | more)


@pytest.fixture
def server(native_server: Target | None) -> Target:
    if native_server is None:
        pytest.skip(NO_SERVER)
    return native_server


def wait_for_line(gate: Gate, number: int) -> None:
    turn, end = threading.Event(), time.monotonic() + 30
    while gate.waiting != number:
        assert time.monotonic() < end
        turn.wait(0.001)


def test_who_comes_first_is_served_first() -> None:
    gate = Gate(1)
    gate.enter(1)
    served: list[int] = []

    def visit(number: int) -> None:
        gate.enter(30)
        served.append(number)
        gate.leave()

    threads = []
    for number in range(20):
        threads.append(threading.Thread(target=visit, args=(number,)))
        threads[-1].start()
        wait_for_line(gate, number + 1)
    gate.leave()
    for thread in threads:
        thread.join(30)
    assert served == list(range(20))
    assert (gate.in_use, gate.waiting, gate.waits) == (0, 0, 20)


def test_who_waits_too_long_is_told_and_leaves_the_line() -> None:
    gate = Gate(1)
    gate.enter(1)
    with pytest.raises(PoolTimeout, match="None of the 1 connections"):
        gate.enter(0.01)
    gate.leave()
    assert gate.enter(0.01) == 0.0


def test_many_threads_share_few_connections(server: Target) -> None:
    with manager(server, pool_min_conn=10, pool_max_conn=30) as db:

        def work(number: int) -> int:
            if number % 3:
                return int(db.execute_query("select %s::int as n", (number,))[0]["n"])
            return int(db.query_frame("select %s::int as n", (number,))["n"][0])

        with ThreadPoolExecutor(200) as threads:
            assert list(threads.map(work, range(2000))) == list(range(2000))
            stats = db.pool_stats()
        assert (stats.in_use, stats.waiting) == (0, 0)
        assert stats.open <= 30
        assert stats.waits > 0


def test_a_call_waits_with_a_limit(server: Target) -> None:
    with manager(server, pool_min_conn=0, pool_max_conn=1, pool_timeout=0.05) as db:
        with db.transaction(), pytest.raises(PoolTimeout):
            db.test_connection()
        assert db.test_connection()


def end_backends(target: Target, name: str) -> None:
    """End all backends of that name, and wait until they are gone."""
    others = "from pg_stat_activity where application_name = %s and pid <> pg_backend_pid()"
    with manager(target, application_name="executioner", pool_min_conn=0) as other:
        assert other.execute_query(f"select pg_terminate_backend(pid) {others}", (name,))
        while other.execute_query(f"select 1 as here {others}", (name,)):
            pass


def test_no_call_fails_after_all_backends_were_ended(server: Target) -> None:
    with manager(server, application_name="victim", pool_min_conn=8) as db, ThreadPoolExecutor(8) as threads:
        barrier = threading.Barrier(8)

        def hold(_: int) -> None:
            with db.transaction() as t:
                t.execute_query("select 1")
                barrier.wait(30)

        list(threads.map(hold, range(8)))
        db.query_frame("select 1 as n")
        end_backends(server, "victim")
        asked = [threads.submit(db.query_frame if i % 2 else db.execute_query, "select 1 as n") for i in range(60)]
        assert all(len(one.result()) == 1 for one in asked)
        assert db.pool_stats().in_use == 0


def test_a_connection_that_breaks_amid_a_statement_is_told_and_not_retried(server: Target) -> None:
    with manager(server, application_name="amid") as db:
        with pytest.raises(ConnectionLost, match="may have been done"):
            db.execute_query("select pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(ConnectionLost), db.transaction() as t:
            t.execute_query("select pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(ConnectionLost):
            db.query_frame("select pg_terminate_backend(pg_backend_pid())")
        assert db.test_connection()
        assert db.pool_stats().in_use == 0


@pytest.fixture
def own_server() -> Iterator[Target]:
    folder = native.with_timescaledb()
    if folder is None:
        pytest.skip("a server that may be restarted needs PostgreSQL's programs on this machine")
    with native.started(folder, native.PLAIN) as target:
        yield target


def test_a_server_that_was_restarted(own_server: Target) -> None:
    with manager(own_server) as db:
        [found] = db.execute_query("show data_directory")
        db.query_frame("select 1 as n")
        programs = native.programs()[0]
        command = [programs / "pg_ctl", "-D", found["data_directory"], "-m", "fast", "-w"]
        subprocess.run([*command, "stop"], user=native.ordinary_user(), cwd="/", check=True, capture_output=True)
        with pytest.raises(ConnectionLost, match="cannot be reached"):
            db.test_connection()
        with pytest.raises(ConnectionLost):
            db.query_frame("select 1 as n")
        log = f"{found['data_directory']}/../log"
        subprocess.run(
            [*command, "-l", log, "start"], user=native.ordinary_user(), cwd="/", check=True, capture_output=True
        )
        assert db.test_connection()
        assert db.query_frame("select 1 as n")["n"].tolist() == [1]


FORK = """
import os, sys
from quant import PostgresDatabaseManager
db = PostgresDatabaseManager(pool_min_conn=2, pool_max_conn=4)
query = "select pg_backend_pid() as pid"
ask = lambda: (db.execute_query(query)[0]["pid"], int(db.query_frame(query)["pid"][0]))
own = ask()
child = os.fork()
if not child:
    assert not set(ask()) & set(own)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert ask() == own
print("well")
"""


def test_a_child_of_fork_opens_its_own_and_leaves_the_parents_alone(server: Target) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        cwd=PROJECT,
        env=os.environ | server_environment(server),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("well\n", "")


def test_what_cannot_be(server: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidValue, match="20 to 10"):
        manager(server, pool_min_conn=20, pool_max_conn=10)
    with manager(replace(server, password="not this one")) as db, pytest.raises(ConnectionLost) as refused:
        db.test_connection()
    assert "not this one" not in str(refused.value)
    with manager(server) as db:
        pass
    with pytest.raises(ConnectionLost, match="was closed"):
        db.test_connection()
    monkeypatch.setenv("POSTGRES_PORT", "many")
    with pytest.raises(InvalidValue, match="POSTGRES_PORT"):
        PostgresDatabaseManager(server.host)


def test_sessions_are_in_utc_and_named(server: Target) -> None:
    query = "select current_setting('TimeZone') as z, current_setting('application_name') as a, 'x' as x"
    with manager(server, application_name="a program") as db:
        assert db.execute_query(query) == [{"z": "UTC", "a": "a program", "x": "x"}]
        assert db.query_frame(query)[["z", "a"]].to_numpy().tolist() == [["UTC", "a program"]]
        with db._get_connection() as raw, raw.cursor() as cursor:
            cursor.execute("set timezone = 'Asia/Seoul'")
        assert db.execute_query(query)[0]["z"] == "UTC"


def test_what_was_not_committed_is_rolled_back(server: Target) -> None:
    is_free = "select pg_try_advisory_xact_lock(3151) as free"
    with manager(server, pool_min_conn=1, pool_max_conn=1) as db, manager(server) as other:
        for _ in range(2):  # a connection that is lent anew has been asked whether it is alive
            lent = db._get_connection()
            lent.cursor().execute("select pg_advisory_xact_lock(3151)")
            assert other.execute_query(is_free) == [{"free": False}]
            lent.close()
            assert other.execute_query(is_free) == [{"free": True}]
