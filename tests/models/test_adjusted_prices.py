"""Prices adjusted for splits and dividends, against values worked out by hand; and what comes later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest

from tests.support.dbt_ground import STAMP
from tests.support.factors_ground import ON
from tests.support.places import Place
from tests.support.sources import write
from tests.support.verdict_ground import run

pytestmark = pytest.mark.story

SCHEMA = (
    "create table tickers (ticker text primary key, name text, region text, created_at text)",
    """create table ohlcv_data (id integer primary key autoincrement, ticker text, timeframe text, date text,
        region text, open real, high real, low real, close real, volume bigint, created_at text)""",
    # a ratio without a type is whole numbers until another comes
    """create table corporate_actions (id integer primary key autoincrement, ticker text not null, region text not null,
        action_type text not null, ex_date text not null, ratio, cash_amount real, created_at text not null)""",
)
# As traded: 2 paid on the 6th, two shares for one on the 8th, 1.3 paid on a Saturday.
CLOSES = {4: 100.0, 5: 102.0, 6: 100.0, 7: 104.0, 8: 52.0, 11: 50.0}
DIVIDEND, SPLIT, SATURDAY = 100 / 102, 1 / 2, 50.7 / 52
ACTIONS = (
    ("AAA", "US", "DIVIDEND", "2024-03-06", None, 2.0),
    ("AAA", "US", " split ", "20240308", 2, None),
    ("AAA", "US", "SPLIT", "2024-03-08", 2, None),  # the same once more
    ("AAA", "us", "DIVIDEND", "2024/03/09", None, 1.3),
    ("AAA", "US", "SPLIT", "2024-04-01", 10, None),  # not yet
    ("AAA", "US", "SPLIT", "2024-03-07", None, None),
    ("AAA", "US", "SPLIT", "2024-03-07", 0, None),
    ("AAA", "US", "SPLIT", "2024-03-07", -3, None),
    ("AAA", "US", "DIVIDEND", "2024-03-07", 4, None),
    ("AAA", "US", "RENAMED", "2024-03-07", 4, 4.0),
    ("AAA", "US", "DIVIDEND", "2024-03-11", None, 52.0),  # all that a share is worth
    ("AAA", "US", "SPLIT", "2024-02-30", 5, None),
    ("AAA", "US", "SPLIT", "2024-03-04", 5, None),  # before all prices
    ("ZZZ", "US", "SPLIT", "2024-03-08", 5, None),  # without prices
)
PRICES = "insert into ohlcv_data values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADJUSTED = """
    select date, open, high, low, close, volume, price_factor, volume_factor
    from factors.adjusted_prices where ticker = %s and region = %s order by date
"""


def bar(ticker: str, region: str, day: int, close: float, timeframe: str = "D") -> tuple[str, list[object]]:
    values = [ticker, timeframe, f"2024-03-{day:02}", region, close - 1, close + 2, close - 2, close, 10, STAMP]
    return PRICES, values


def action(*values: object) -> tuple[str, list[object]]:
    return "insert into corporate_actions values (null, ?, ?, ?, ?, ?, ?, ?)", [*values, STAMP]


def adjusted(place: Place, ticker: str = "AAA", region: str = "US") -> dict[date, tuple[object, ...]]:
    return {row[0]: row[1:] for row in place.query(ADJUSTED, ticker, region)}  # type: ignore[misc]


def wanted(factors: dict[int, tuple[float, float]]) -> dict[date, object]:
    """The rows of AAA, given what prices and volume of each day are multiplied by."""
    return {
        date(2024, 3, day): pytest.approx(
            [(close - 1) * price, (close + 2) * price, (close - 2) * price, close * price, 10 * volume, price, volume]
        )
        for day, close in CLOSES.items()
        for price, volume in [factors[day]]
    }


def step(place: Place, path: Path, *statements: str | tuple[str, list[object]]) -> None:
    """Change the source, load it, build with factors."""
    write(path, *statements)
    place.run("python", "-m", "loader.run", "--source", str(path))
    place.run("dbt", "build", **ON)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "actions.db"
    tickers = [("insert into tickers values (?, ?, 'US', ?)", [name, name, STAMP]) for name in ("AAA", "BBB", "ZZZ")]
    prices = [
        bar(*of, day, close) for of in (("AAA", "US"), ("AAA", "JP"), ("BBB", "US")) for day, close in CLOSES.items()
    ]
    week = bar("AAA", "US", 4, 104.0, "W")
    return write(path, *SCHEMA, *tickers, *prices, week, *(action(*one) for one in ACTIONS))


@pytest.fixture(scope="module")
def market(make_place: Callable[[str], AbstractContextManager[Place]], path: Path) -> Iterator[Place]:
    with make_place("server") as place:
        step(place, path)
        yield place


def test_prices_before_a_day_are_multiplied_by_what_it_does_to_them(market: Place) -> None:
    both = SPLIT * SATURDAY
    first = DIVIDEND * both
    assert adjusted(market) == wanted(
        {4: (first, 2), 5: (first, 2), 6: (both, 2), 7: (both, 2), 8: (SATURDAY, 1), 11: (1, 1)}
    )


def test_others_are_as_they_are_stored(market: Place) -> None:
    stored = wanted(dict.fromkeys(CLOSES, (1, 1)))
    assert adjusted(market, "BBB") == stored
    assert adjusted(market, "AAA", "JP") == stored
    [(total, days)] = market.query(
        "select count(*), count(distinct (ticker, region, date)) from factors.adjusted_prices"
    )
    assert total == days == 3 * len(CLOSES)


def test_a_day_that_does_nothing_is_shown_with_what_it_lacks(market: Place) -> None:
    found = market.query(
        "select ex_date, ticker, split_ratio, cash_amount, close_before, close_since"
        " from factors.price_adjustments where price_factor is null order by ex_date, ticker"
    )
    assert found == [
        (date(2024, 3, 4), "AAA", 5, 0, None, None),
        (date(2024, 3, 8), "ZZZ", 5, 0, None, None),
        (date(2024, 3, 11), "AAA", 1, 52, 52, 50),
        (date(2024, 4, 1), "AAA", 10, 0, None, None),
    ]
    [(before, since, factor)] = market.query(
        "select close_before, close_since, price_factor from factors.price_adjustments"
        " where ex_date = '2024-03-08' and ticker = 'AAA'"
    )
    assert (before, since, factor) == (104, 52, SPLIT)


def test_a_split_counts_from_its_day_on_and_the_load_may_alter_what_the_view_reads(market: Place, path: Path) -> None:
    assert market.query("select pg_typeof(ratio)::text from raw.corporate_actions limit 1") == [("bigint",)]
    step(market, path, bar("BBB", "US", 12, 30.0), action("BBB", "US", "SPLIT", "2024-03-12", 1.5, None))
    assert market.query("select pg_typeof(ratio)::text from raw.corporate_actions limit 1") == [("double precision",)]
    found = adjusted(market, "BBB")
    assert found.pop(date(2024, 3, 12))[3] == 30
    assert found == wanted(dict.fromkeys(CLOSES, (1 / 1.5, 1.5)))


def test_a_column_of_prices_that_the_view_reads_is_widened(market: Place, path: Path) -> None:
    step(market, path, "update ohlcv_data set volume = 0.25 where ticker = 'BBB' and date = '2024-03-11'")
    assert market.query("select volume from ohlcv_data where volume < 1") == [(0.25,)]
    assert adjusted(market, "BBB")[date(2024, 3, 11)][4] == 0.25 * 1.5


def test_what_an_application_writes_is_adjusted_at_once(market: Place, path: Path) -> None:
    market.query("update ohlcv_data set close = 45 where ticker = 'AAA' and region = 'US' and date = '2024-03-08'")
    assert adjusted(market)[date(2024, 3, 8)][3] == pytest.approx(45 - 1.3)
    market.query("update ohlcv_data set close = 52 where ticker = 'AAA' and region = 'US' and date = '2024-03-08'")
    assert run(market, path).wrong == []


def test_the_views_go_with_raw_and_come_back_with_it(market: Place, path: Path) -> None:
    before = adjusted(market, "BBB")
    market.run("dbt", "run-operation", "drop_raw", "--args", "{confirm: 'yes'}", **ON)
    assert market.query("select to_regclass('factors.price_adjustments'), to_regclass('factors.adjusted_prices')") == [
        (None, None)
    ]
    step(market, path)
    assert adjusted(market, "BBB") == before


def test_a_source_without_actions_has_prices_as_they_are_stored(
    make_place: Callable[[str], AbstractContextManager[Place]], tmp_path: Path
) -> None:
    prices = [bar("AAA", "US", day, close) for day, close in CLOSES.items()]
    with make_place("server") as place:
        step(place, write(tmp_path / "plain.db", *SCHEMA[:2], *prices))
        assert adjusted(place) == wanted(dict.fromkeys(CLOSES, (1, 1)))
