"""A build that is killed while it writes scores or their evaluation, run again, ends where an unhurt one does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.factors_ground import ON, connected, empty, generate, score, unlike, versions
from tests.places import Place

EVALUATION = ("factor_ic", "factor_quintiles", "factor_turnover", "factor_correlations", "factor_coverage")
# An older price: scores of half a year change, and with them the evaluation of seven months and more.
CHANGE = """
    update public.ohlcv_data set close = close * {}
    where ticker = 'XA1' and date between '2024-09-10' and '2024-09-20'
"""


@dataclass(frozen=True)
class Killed:
    """A scored region, and what an undisturbed build makes of it after the change."""

    place: Place
    before: object
    after: object


def state(place: Place) -> object:
    """All scores and their evaluation, bit for bit."""
    digest = "select md5(string_agg(t::text, ',' order by t::text)) from factors.{} as t"
    return (
        {key: row[:4] for key, row in versions(place).items()},
        [place.query(digest.format(name)) for name in EVALUATION],
    )


@pytest.fixture(scope="module")
def killed(
    make_place: Callable[[str], contextmanager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Killed]:
    with make_place("server") as place:
        empty(place, tmp_path_factory.mktemp("source"))
        place.run("dbt", "run", "--exclude", "factors")
        generate(place, "XA")
        place.run("dbt", "seed", **ON)
        score(place)
        place.query("select compress_chunk(c, true) from show_chunks('factor_scores') as c")
        before = state(place)
        place.query(CHANGE.format("2"))
        score(place)
        after = state(place)
        place.query(CHANGE.format("0.5"))
        score(place)
        yield Killed(place, before, after)


@pytest.mark.parametrize(
    "at",
    [
        "public.factor_scores",  # before the first score is written
        "factors.known_days",  # all scores are written, and not what they were worked out from
        "factors.scored_days",
        "factors.factor_turnover",  # scores are committed, and some of their evaluation
        "factors.evaluated",
    ],
)
def test_a_killed_build_run_again_ends_where_an_unhurt_one_does(killed: Killed, at: str) -> None:
    place = killed.place
    assert state(place) == killed.before
    place.query(CHANGE.format("2"))
    with connected(place) as holder, holder.cursor() as cursor:
        holder.autocommit = False
        cursor.execute(f"lock table {at} in share mode")
        building = place.start("dbt", "run", "--select", "factors", **ON)
        while not waiting(place):
            assert building.poll() is None, building.communicate()[0]
            time.sleep(0.05)
        building.kill()
        building.communicate()
        place.query(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where wait_event_type = 'Lock' and datname = current_database()"
        )
        holder.rollback()
    if at.startswith("public") or at.endswith("_days"):
        assert state(place) == killed.before
    score(place)
    assert state(place) == killed.after
    assert unlike(place, "XA") == []
    place.query(CHANGE.format("0.5"))
    score(place)


def waiting(place: Place) -> bool:
    """Whether a session waits for a lock."""
    sql = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    return bool(place.query(sql))
