"""What `quant status` tells of a server's tuning: asked by anybody, with pg_stat_statements and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from quant.commands import tuning
from quant.target import Target
from tests.support import native
from tests.support.places import query

SLOW = "select count(*) from generate_series(1, 54321) as slow_numbers"
READER = "create role reader login password 'secret'; grant pg_read_all_stats to reader"


@pytest.fixture(scope="module", params=["preloaded", "not preloaded"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[Target, bool]]:
    if not native.programs():
        pytest.skip("PostgreSQL's server programs are not installed here")
    preloaded = request.param == "preloaded"
    settings = "shared_preload_libraries = 'pg_stat_statements'\n" if preloaded else ""
    with native.started(native.programs()[0], f"{native.PLAIN}{settings}") as target:
        query(target, f"create extension pg_stat_statements; {READER}")
        yield target, preloaded


@pytest.mark.parametrize("login", ["quant", "reader"])
def test_slow_queries_are_told_where_the_server_counts_them(server: tuple[Target, bool], login: str) -> None:
    target, preloaded = server
    query(target, SLOW)
    with closing(replace(target, user=login).connect("tests")) as connection:
        connection.autocommit = True
        found = tuning.ask(connection)
    assert found.autovacuum.startswith("autovacuum on")
    if preloaded:
        assert found.slowest
        assert len(found.slowest) == tuning.SHOWN
        assert list(found.slowest) == sorted(found.slowest, key=lambda one: -one.seconds)
    else:
        assert found.slowest is None


def test_an_index_that_nobody_asked_is_told_with_its_cure(server: tuple[Target, bool]) -> None:
    target, _ = server
    query(target, "create table t as select n from generate_series(1, 100000) as n; create index never_asked on t (n)")
    with closing(target.connect("tests")) as connection:
        connection.autocommit = True
        advice = tuning.ask(connection).advice
    assert [
        one for one in advice if one.startswith("The index never_asked on public.t (2 MB) was never asked: drop it ")
    ]
    query(target, "drop table t")
