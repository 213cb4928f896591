"""What is asked beside a comparison has the answers that it would have afterwards, at the moment of the run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from expectations import beside as module
from expectations import catalog
from expectations.beside import Beside, questions
from expectations.session import Session, open_session
from loader.snapshot import open_snapshot
from tests.support.verdict_ground import Ground


@contextmanager
def opened(ground: Ground) -> Iterator[Session]:
    with (
        open_snapshot(ground.source) as copy,
        open_session(copy, ground.place.target, catalog.read(), suites=("values", "keys")) as made,
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


def test_the_answers_are_those_of_the_run_itself(session: Session, beside: Beside) -> None:
    beside.ask_ahead(["keys", "health"])
    when_all_is_asked(beside)
    asked = list(questions(["keys", "health"]))
    assert asked
    for statement in asked:
        with session.ground.plain.cursor() as cursor:
            cursor.execute(statement)
            assert [tuple(row.values()) for row in beside.answer(statement) or []] == cursor.fetchall()


def test_the_moment_is_that_of_the_run(server: Ground, beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = "select count(*) as rows from public.tickers where region = 'JP' and ticker = 'BESIDE'"
    monkeypatch.setattr(module, "questions", lambda _: iter([statement]))
    server.query(
        "insert into tickers (ticker, region, name, currency, exchange) values ('BESIDE', 'JP', 'x', 'JPY', 'x')"
    )
    try:
        beside.ask_ahead(["values"])
        when_all_is_asked(beside)
        assert beside.answer(statement) == [{"rows": 0}]
    finally:
        server.query("delete from tickers where ticker = 'BESIDE'")


def test_what_fails_is_left_to_the_run_and_the_rest_is_asked(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = ["select 1 as one", "select nonsense", "select 2 as two, 'a' as b"]
    monkeypatch.setattr(module, "questions", lambda _: iter(statements))
    beside.ask_ahead(["values"])
    when_all_is_asked(beside)
    assert [beside.answer(one) for one in statements] == [[{"one": 1}], None, [{"two": 2, "b": "a"}]]
    assert beside.answer("select 'never asked'") is None


def test_what_has_not_begun_is_left_to_the_run(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = ["select pg_sleep(60)", "select 1 as one"]
    monkeypatch.setattr(module, "questions", lambda _: iter(statements))
    beside.ask_ahead(["values"])
    begun = time.monotonic()
    assert beside.answer("select 1 as one") is None
    beside.end()  # breaks off what it asks
    assert beside.answer("select pg_sleep(60)") is None
    assert time.monotonic() - begun < 30
