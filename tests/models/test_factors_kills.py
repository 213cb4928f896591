"""A build that is killed while it writes scores or their evaluation, run again, ends where an unhurt one does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.factors_ground import ON, connected, empty, generate, score, unlike, versions
from tests.support.places import Place

WAITING = "from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
EVALUATION = ("factor_ic", "factor_quintiles", "factor_turnover", "factor_correlations", "factor_coverage")
# An older price: scores of half a year change, and with them the evaluation of seven months and more.
CHANGE = """
    update public.ohlcv_data set close = close * {}
    where ticker = 'XA1' and date between '2024-09-10' and '2024-09-20'
"""


# At each the killed build waits for a lock: whether what it has done until then is committed.
POINTS = {
    "public.factor_scores": False,  # before the first score is written
    "factors.scored_days": False,  # all is written but that it is
    "factors.factor_turnover": True,  # the scores are committed, and a part of their evaluation is
}


def state(place: Place) -> object:
    """All scores and their evaluation, bit for bit."""
    digest = "select md5(string_agg(t::text, ',' order by t::text)) from factors.{} as t"
    return (
        {key: row[:4] for key, row in versions(place).items()},
        [place.query(digest.format(name)) for name in EVALUATION],
    )


@pytest.fixture(scope="module")
def market(
    make_place: Callable[[str], contextmanager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A scored and compressed region."""
    with make_place("server") as place:
        empty(place, tmp_path_factory.mktemp("source"))
        place.run("dbt", "run", "--exclude", "factors")
        generate(place, "XA")
        place.run("dbt", "seed", **ON)
        score(place)
        place.query("select compress_chunk(c, true) from show_chunks('factor_scores') as c")
        yield place


def test_a_killed_build_run_again_ends_where_an_unhurt_one_does(market: Place) -> None:
    changes = [CHANGE.format("2"), CHANGE.format("0.5")]
    states = [state(market)]
    market.query(changes[0])
    score(market)
    states.append(state(market))
    for number, (at, commits) in enumerate(POINTS.items(), start=1):
        market.query(changes[number % 2])
        kill(market, at)
        assert commits or state(market) == states[number % 2], at
        score(market)
        assert state(market) == states[(number + 1) % 2], at
    assert unlike(market, "XA") == []


def kill(place: Place, at: str) -> None:
    """Kill a build that waits for a lock on a table."""
    with connected(place) as holder, holder.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(f"lock table {at} in share mode")
        building = place.start("dbt", "run", "--select", "factors", **ON)
        while not waiting(place):
            assert building.poll() is None, building.communicate()[0]
            time.sleep(0.05)
        building.kill()
        building.communicate()
        place.query(f"select pg_terminate_backend(pid) {WAITING}")
        cursor.execute("rollback")


def waiting(place: Place) -> bool:
    """Whether a session waits for a lock."""
    return bool(place.query(f"select 1 {WAITING}"))
