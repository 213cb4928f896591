"""The sessions of a build: few, watched once, and as new for each node."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.quant import QuantConnectionManager, QuantCredentials

from tests.support.dbt_ground import source as small_source
from tests.support.places import Place

Make = Callable[[str], AbstractContextManager[Place]]
SESSIONS = "select sessions from pg_stat_database where datname = current_database()"


@pytest.fixture(scope="module")
def server(make_place: Make) -> Iterator[Place]:
    with make_place("server") as made:
        yield made


@pytest.fixture
def link(server: Place) -> Iterator[Callable[[], Connection]]:
    """What dbt's threads connect with."""
    login = server.target
    given = QuantCredentials(
        host=login.host, port=login.port, database=login.database, user=login.user, password=login.password, schema="x"
    )
    made: list[Connection] = []

    def make() -> Connection:
        made.append(Connection(type="quant", name=str(len(made)), credentials=given))
        return made[-1]

    yield make
    for one in made:
        if one.state == "open":
            one.handle.close()
    while QuantConnectionManager.spare:
        QuantConnectionManager.spare.pop().close()
    if QuantConnectionManager.watch:
        QuantConnectionManager.watch.close()
    QuantConnectionManager.watch = None


def test_threads_that_connect_at_once_have_one_watch(link: Callable[[], Connection]) -> None:
    links = [link() for _ in range(16)]
    together = threading.Barrier(len(links))

    def connect(link: Connection) -> None:
        together.wait()
        QuantConnectionManager.open(link)

    before, interval = set(threading.enumerate()), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(len(links)) as pool:
            list(pool.map(connect, links))
        assert sum(thread.name == "watch" for thread in set(threading.enumerate()) - before) == 1
    finally:
        sys.setswitchinterval(interval)


def test_a_session_that_is_taken_up_is_as_new(server: Place, link: Callable[[], Connection]) -> None:
    first, second = link(), link()
    QuantConnectionManager.open(first)
    session = first.handle.info.backend_pid
    watch = QuantConnectionManager.watch
    assert watch
    with first.handle.cursor() as cursor:
        cursor.execute("create temporary table candidates (a int)")
        cursor.execute("set search_path = public; set work_mem = '1MB'; set jit = on")
        cursor.execute("select pg_advisory_lock(8)")
    first.handle.commit()
    with first.handle.cursor() as cursor:
        cursor.execute("create table public.not_kept (a int)")
    first.transaction_open = True
    watch.cancelled[session] = "of a node before"
    QuantConnectionManager.close(first)
    assert (first.state, watch.cancelled) == ("closed", {})
    QuantConnectionManager.open(second)
    assert second.handle.info.backend_pid == session
    assert second.handle.autocommit is False
    with second.handle.cursor() as cursor:
        cursor.execute(
            "select to_regclass('pg_temp.candidates'), to_regclass('public.not_kept'), current_setting('search_path'),"
            " current_setting('jit'), current_setting('work_mem') = '1MB'"
        )
        assert cursor.fetchone() == (None, None, "pg_catalog,pg_temp", "off", False)
    with closing(server.target.connect("tests")) as other, other.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(8)")
        assert cursor.fetchone() == (True,)


def test_what_a_node_has_written_is_counted_when_the_next_begins(server: Place, link: Callable[[], Connection]) -> None:
    server.query("create table public.counted (a int)")
    for number in range(1, 6):  # a server would send the counters of a session that goes on once a second
        node = link()
        QuantConnectionManager.open(node)
        with node.handle.cursor() as cursor:
            cursor.execute("insert into public.counted values (1)")
        node.handle.commit()
        QuantConnectionManager.close(node)
        assert server.query("select pg_stat_get_tuples_inserted('public.counted'::regclass)") == [(number,)]


def test_a_session_that_ended_while_nobody_used_it_is_no_error(server: Place, link: Callable[[], Connection]) -> None:
    first, second = link(), link()
    QuantConnectionManager.open(first)
    session = first.handle.info.backend_pid
    QuantConnectionManager.close(first)
    server.query("select pg_terminate_backend(%s, 5000)", session)
    QuantConnectionManager.open(second)
    with second.handle.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        assert cursor.fetchone() != (session,)


def test_a_build_needs_few_sessions(server: Place, tmp_path: Path) -> None:
    source = small_source(tmp_path / "s.db")
    server.run("python", "-m", "loader.run", "--source", str(source))
    [(before,)] = server.query(SESSIONS)
    server.run("dbt", "build")
    [(after,)] = server.query(SESSIONS)
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after - before < 30  # of a hundred nodes
