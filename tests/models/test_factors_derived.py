"""What views make of the scores: a combination weighted by what was known, and ranks within a sector."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, cast

import pytest

from expectations.factors.calendar import months_after
from tests.support.factors_ground import SETTINGS, connected, empty, generate, insert, score
from tests.support.places import Place

LEAST_MONTHS, LEAST_STOCKS, COVER = 3, 5, 0.4
COMPOSITE = "select ticker, date, raw_value, percentile from factors.factor_ic_composite where region = 'XA'"
SECTORS = dict(enumerate(["Energy"] * 9 + ["Banks"] * 12 + ["Toys"] * 4))
Composite = dict[tuple[str, date], tuple[float, float | None]]


@pytest.fixture(scope="module")
def market(
    make_place: Callable[[str], AbstractContextManager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A region with enough stocks for information coefficients, one with too few, and sectors of one of them."""
    with make_place("server") as place:
        empty(place, tmp_path_factory.mktemp("source"))
        place.run("dbt", "run", "--exclude", "factors")
        generate(place, "XA", stocks=26)
        generate(place, "XB")
        details = [(f"XA{number}", "XA", sector) for number, sector in SECTORS.items()]
        insert(place, "stock_details", "ticker, region, sector", [*details, ("XA25", "XA", "")])
        score(place, "build", "--vars", f"factor_min_ic_months: {LEAST_MONTHS}")
        yield place


def rows(place: Place, sql: str) -> list[tuple[Any, ...]]:
    return cast("list[tuple[Any, ...]]", place.query(sql))


def percentiles(values: dict[str, float]) -> dict[str, float | None]:
    """The average rank of each, 0 to 100; of too few None."""
    if len(values) < LEAST_STOCKS:
        return dict.fromkeys(values)
    listed = list(values.values())
    return {
        key: 100 * (sum(one < value for one in listed) + (listed.count(value) - 1) / 2) / (len(listed) - 1)
        for key, value in values.items()
    }


def composite(place: Place) -> Composite:
    """All rows of the combination, as the view has them."""
    found: Composite = {}
    for ticker, day, raw, rank in rows(place, COMPOSITE):
        found[ticker, day] = raw, rank
    return found


def test_a_month_weighs_factors_by_the_coefficients_that_were_known_before_it(market: Place) -> None:
    known: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for name, month, ic in rows(
        market,
        "select factor_name, month, ic from factors.factor_ic "
        "where region = 'XA' and horizon = 1 and ic is not null "
        "and factor_name in (select factor_name from factors.factors) order by month",
    ):
        known[name].append((month, ic))
    found = rows(market, "select month, factor_name, months, mean_ic, weight from factors.factor_ic_weights")
    assert found
    wanted: dict[tuple[date, str], tuple[int, float, float]] = {}
    for month in {row[0] for row in found}:
        for name, coefficients in known.items():
            before = [ic for of, ic in coefficients if of <= months_after(month, -2)]
            if before:
                mean = sum(before) / len(before)
                wanted[month, name] = (len(before), mean, max(mean, 0) if len(before) >= LEAST_MONTHS else 0)
    assert {row[:2] for row in found} == wanted.keys()
    assert {weight > 0 for *_, weight in wanted.values()} == {True, False}
    for month, name, months, mean, weight in found:
        assert wanted[month, name] == pytest.approx((months, mean, weight))


def test_the_combination_is_the_weighted_mean_of_the_scores(market: Place) -> None:
    weights: dict[date, dict[str, float]] = defaultdict(dict)
    for month, name, weight in rows(market, "select month, factor_name, weight from factors.factor_ic_weights"):
        if weight > 0:
            weights[month][name] = weight
    members: dict[tuple[str, date], dict[str, float]] = defaultdict(dict)
    for ticker, day, name, value in rows(
        market, "select ticker, date, factor_name, score from factor_scores where region = 'XA' and score is not null"
    ):
        if name in weights[day.replace(day=1)]:
            members[ticker, day][name] = value
    wanted: dict[date, dict[str, float]] = defaultdict(dict)
    for (ticker, day), scores in members.items():
        of = weights[day.replace(day=1)]
        total = sum(of.values())
        if sum(of[name] for name in scores) >= COVER * total:
            wanted[day][ticker] = sum(of[name] * value for name, value in scores.items()) / total
    found = composite(market)
    assert len(found) > 300
    assert found.keys() == {(ticker, day) for day, values in wanted.items() for ticker in values}
    for day, values in wanted.items():
        ranks = percentiles({ticker: found[ticker, day][0] for ticker in values})
        for ticker, value in values.items():
            assert found[ticker, day] == pytest.approx((value, ranks[ticker]))


def test_what_came_later_changes_nothing_of_it(market: Place) -> None:
    before = composite(market)
    last = max(day for _, day in before).replace(day=1)
    with connected(market) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("update factors.factor_ic set ic = -1 where month > %s", (months_after(last, -2),))
        assert cursor.rowcount
        cursor.execute(
            "select ticker, date, raw_value, percentile from factors.factor_ic_composite where region = 'XA'"
        )
        assert {row[:2]: row[2:] for row in cursor} == before
        cursor.execute("update factors.factor_ic set ic = -1 where month = %s", (months_after(last, -2),))
        cursor.execute(
            "select ticker, date, raw_value, percentile from factors.factor_ic_composite where region = 'XA'"
        )
        after = {row[:2]: row[2:] for row in cursor}
        connection.rollback()
    assert after != before
    earlier = {key: row for key, row in before.items() if key[1] < last}
    assert {key: row for key, row in after.items() if key[1] < last} == earlier


def test_ranks_of_a_sector_are_among_its_stocks(market: Place) -> None:
    found = rows(
        market, "select ticker, factor_name, date, sector, stocks, percentile from factors.factor_sector_ranks"
    )
    of = {f"XA{number}": sector for number, sector in SECTORS.items()}
    values: dict[tuple[object, ...], dict[str, float]] = defaultdict(dict)
    for ticker, name, day, rank in rows(
        market,
        "select ticker, factor_name, date, percentile from factor_scores "
        "where region = 'XA' and percentile is not null",
    ):
        if ticker in of:
            values[name, day, of[ticker]][ticker] = rank
    wanted = {
        (ticker, *key, len(ranked)): rank
        for key, ranked in values.items()
        for ticker, rank in percentiles(ranked).items()
        if rank is not None
    }
    assert {row[3] for row in found} == {"Energy", "Banks"}
    assert {row[1] for row in found} == set(SETTINGS.names)
    assert {row[:5]: pytest.approx(row[5]) for row in found} == wanted


def test_coefficients_of_other_columns_are_made_anew_below_what_reads_them(market: Place) -> None:
    before = composite(market)
    with connected(market) as connection, connection.cursor() as cursor:
        cursor.execute("alter table factors.factor_ic add column of_an_older_version integer")
        cursor.execute("update factors.scored_days set definition = 'of an older version'")
    score(market, "build", "--vars", f"factor_min_ic_months: {LEAST_MONTHS}")
    assert composite(market) == before
    columns = "select count(*) from pg_attribute where attrelid = 'factors.factor_ic'::regclass and attname ~ 'older'"
    assert market.query(f"{columns} and not attisdropped") == [(0,)]
