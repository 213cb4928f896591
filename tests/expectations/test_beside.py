"""What is asked beside a comparison has the answers that it would have afterwards, at the moment of the run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
import psycopg2.extensions
import pytest

from expectations import catalog
from expectations.beside import Ask, Beside, of_suites
from expectations.session import CONSERVATION, Session, open_session, stubs_of
from loader.snapshot import open_snapshot
from tests.support.verdict_ground import Ground


@contextmanager
def opened(ground: Ground) -> Iterator[Session]:
    with (
        open_snapshot(ground.source) as copy,
        open_session(copy, ground.place.target, catalog.read(), suites=("values", "keys", "health")) as made,
    ):
        yield made


@pytest.fixture
def server(grounds: Callable[[str], Ground]) -> Ground:
    return grounds("server")


@pytest.fixture
def session(server: Ground) -> Iterator[Session]:
    with opened(server) as made:
        yield made


@pytest.fixture
def beside(session: Session) -> Beside:
    assert session.beside
    return session.beside


def test_where_the_target_has_one_session_there_is_none(grounds: Callable[[str], Ground]) -> None:
    with opened(grounds("embedded")) as session:
        assert session.beside is None


def when_all_is_asked(beside: Beside) -> None:
    beside.submit(lambda _: None).result()


def of(statement: str) -> Ask:
    """What asks a statement."""

    def ask(connection: psycopg2.extensions.connection) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    return ask


def test_the_answers_are_those_of_the_run_itself(session: Session, beside: Beside) -> None:
    assert session.counts
    session.ask_ahead()
    when_all_is_asked(beside)
    asked = of_suites(session.suites) | session.apart
    assert {CONSERVATION, stubs_of("tickers"), stubs_of("etfs")} < asked.keys()
    assert len(asked) > 30
    for name, ask in asked.items():
        assert beside.answer(name) == ask(session.ground.plain)


def test_what_a_run_is_not_about_is_not_asked(server: Ground) -> None:
    with (
        open_snapshot(server.source) as copy,
        open_session(copy, server.place.target, catalog.read(), suites=("columns",)) as session,
    ):
        assert session.beside
        assert session.counts
        session.ask_ahead()
        when_all_is_asked(session.beside)
        assert [session.beside.answer(name) for name in session.apart] == [None, None, None]
        assert dict(session.asked(CONSERVATION))["tickers"]["public_rows"] == session.counts["tickers"].public


def test_the_moment_is_that_of_the_run(server: Ground, beside: Beside) -> None:
    statement = "select count(*) as rows from public.tickers where region = 'JP' and ticker = 'BESIDE'"
    server.query(
        "insert into tickers (ticker, region, name, currency, exchange) values ('BESIDE', 'JP', 'x', 'JPY', 'x')"
    )
    try:
        beside.ask_ahead({"rows": of(statement)})
        when_all_is_asked(beside)
        assert beside.answer("rows") == [(0,)]
    finally:
        server.query("delete from tickers where ticker = 'BESIDE'")


def test_what_fails_is_left_to_the_run_and_the_rest_is_asked(beside: Beside) -> None:
    beside.ask_ahead({"one": of("select 1"), "bad": of("select nonsense"), "two": of("select 2, 'a'")})
    when_all_is_asked(beside)
    assert [beside.answer(name) for name in ("one", "bad", "two")] == [[(1,)], None, [(2, "a")]]
    assert beside.answer("never asked") is None


def test_what_fails_there_fails_in_the_run_where_it_is_wanted(session: Session) -> None:
    session.apart["bad"] = of("select nonsense")
    assert session.beside
    session.beside.ask_ahead({"bad": session.apart["bad"]})
    when_all_is_asked(session.beside)
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        session.asked("bad")


def test_what_has_not_begun_is_left_to_the_run(beside: Beside) -> None:
    when_all_is_asked(beside)
    beside.ask_ahead({"long": of("select pg_sleep(60)"), "one": of("select 1")})
    begun = time.monotonic()
    assert beside.answer("one") is None
    beside.end()  # breaks off what it asks
    assert beside.answer("long") is None
    assert time.monotonic() - begun < 30
