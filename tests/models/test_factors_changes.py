"""What moves when something changes: just the scores that recomputation moves, once, in compressed chunks too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from expectations.factors.calendar import months_after
from tests.support.factors_ground import LAST, ON, Row, empty, generate, insert_reports, score, unlike, versions
from tests.support.places import Place

pytestmark = pytest.mark.story

MIDDLE = date(2024, 9, 10)
REGIONS = ("XA", "XB", "XC", "XD", "XE")
REFUSE = """
    create function public.refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
    create trigger refuse before delete or update on factors.known_days
    for each statement execute function public.refuse()
"""


@pytest.fixture(scope="module")
def market(
    make_place: Callable[[str], contextmanager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Five generated regions, scored and compressed."""
    with make_place("server") as place:
        empty(place, tmp_path_factory.mktemp("source"))
        place.run("dbt", "run", "--exclude", "factors")
        for region in REGIONS:
            generate(place, region)
        place.query(
            "insert into public.factor_scores (ticker, region, factor_name, date, raw_value) "
            "select distinct ticker, region, 'own', date, 1.5 from public.ohlcv_data where date > '2024-12-01'"
        )
        place.run("dbt", "seed", **ON)
        score(place)
        place.query("select compress_chunk(c, true) from show_chunks('factor_scores') as c")
        yield place


def traded(market: Place, ticker: str) -> object:
    """The first day from MIDDLE on with a price that counts."""
    sql = f"select min(date) from public.ohlcv_data where ticker = %s and volume > 0 and date >= '{MIDDLE}'"
    return market.query(sql, ticker)[0][0]


def test_a_change_moves_the_rows_that_it_must_and_no_others(market: Place) -> None:
    before = versions(market)
    changed = traded(market, "XA1")
    market.query(f"update public.ohlcv_data set close = close * 1.5 where ticker = 'XA1' and date = '{changed}'")
    late = {"period_type": "ANNUAL", "date": "2024-06-30", "net_income": 77, "total_equity": 900}
    insert_reports(market, "XB", {"ticker": "XB2", **late})
    market.query("update public.tickers set delisting_date = '2025-02-03' where ticker = 'XC3'")
    market.query("insert into public.stock_details (ticker, region, is_spac) values ('XD4', 'XD', true)")
    # an application that writes under names of the project is put right on the days that are worked out again
    meddled = "region = 'XC' and date > '2025-02-10' and factor_name in ('size', 'rsi_14')"
    market.query(f"update public.factor_scores set score = 2.5 where {meddled}")
    score(market)
    for region in REGIONS:
        assert unlike(market, region) == [], region
    after = versions(market)
    moved = {key for key in before.keys() | after if before.get(key) != after.get(key)}
    assert {key[1] for key in moved} == {"XA", "XB", "XC", "XD"}
    days = {region: sorted(day for _, where, _, day in moved if where == region) for region in REGIONS}
    assert days["XA"][0] == changed  # type: ignore[comparison-overlap]
    assert days["XB"][0] >= date(2024, 10, 30)  # type: ignore[operator]
    gone = "factor_name <> 'own' and (ticker = 'XD4' or ticker = 'XC3' and date > '2025-02-03')"
    assert versions(market, gone) == {}
    assert all(before[key][-1] == after[key][-1] for key in before.keys() & after.keys())  # created_at
    assert [key for key in moved if key[2] == "own"] == []


def test_a_build_that_dies_while_it_writes_has_written_nothing(market: Place) -> None:
    changed = traded(market, "XE1")
    market.query(f"update public.ohlcv_data set close = close * 0.8 where ticker = 'XE1' and date = '{changed}'")
    market.query(REFUSE)
    before = versions(market)
    assert score(market, check=False).returncode == 1
    assert versions(market) == before
    market.query("drop trigger refuse on factors.known_days; drop function public.refuse()")
    score(market)
    assert versions(market) != before
    assert unlike(market, "XE") == []


def test_no_score_knows_what_came_after_its_day(market: Place) -> None:
    cut = date(2025, 1, 31)
    before = {key: row[:4] for key, row in versions(market, f"date <= '{cut}' and factor_name <> 'own'").items()}
    market.query(f"delete from public.ohlcv_data where date > '{cut}'")
    market.query(f"delete from public.ticker_fundamentals where date > '{cut}'")
    market.query("update factors.scored_days set definition = ''")  # everything is worked out again
    score(market)
    after: dict[Row, Row] = {key: row[:4] for key, row in versions(market, "factor_name <> 'own'").items()}
    daily = months_after(LAST, -12) + timedelta(days=1)
    assert {key: row for key, row in after.items() if key[3] > daily} == {  # type: ignore[operator]
        key: row
        for key, row in before.items()
        if key[3] > daily  # type: ignore[operator]
    }
