"""What somebody altered under its old name is made anew by the next build: what it says counts, not its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dbt_ground import price, source, step
from tests.support.places import Place
from tests.support.verdict_ground import run

STANDING = """
    select conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and contype in ('c', 'f', 'p', 'u')
    union all
    select indexname, indexdef from pg_indexes where schemaname = 'public'
    order by 1, 2
"""
ALTERED = {
    "a check that holds nothing back": (
        "alter table trades drop constraint trades_ticker_length, add constraint trades_ticker_length check (true)"
    ),
    "a check that refuses what comes next, above compressed chunks": (
        "alter table ohlcv_data drop constraint ohlcv_data_ticker_length,"
        " add constraint ohlcv_data_ticker_length check (close < 500)"
    ),
    "a check that is not asked of what is there": (
        "alter table tickers drop constraint tickers_region_length,"
        " add constraint tickers_region_length check (char_length(region) <= 2) not valid"
    ),
    "a foreign key that deletes": (
        "alter table trades drop constraint trades_ticker_fkey, add constraint trades_ticker_fkey"
        " foreign key (ticker, region) references tickers (ticker, region) on delete cascade"
    ),
    "a foreign key that refers to another table": (
        "alter table stock_details drop constraint stock_details_ticker_fkey, add constraint stock_details_ticker_fkey"
        " foreign key (ticker, region) references stock_details (ticker, region)"
    ),
    "an index on another column": "drop index idx_ohlcv_date; create index idx_ohlcv_date on ohlcv_data (close)",
    "a partial index": (
        "drop index idx_backtest_sharpe;"
        " create index idx_backtest_sharpe on backtest_results (strategy_id, sharpe_ratio desc) where id < 7"
    ),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    path = source(tmp_path_factory.mktemp("source") / f"{place.target.name}.db")
    step(place, path)
    return path


def test_the_next_build_makes_them_anew(place: Place, path: Path) -> None:
    before = place.query(STANDING)
    for change in ALTERED.values():
        place.query(change)
    assert place.query(STANDING) != before
    step(place, path, price(50, "005930", "2020-02-03", "KR", 1000.0))
    assert place.query(STANDING) == before
    assert place.query("select close from ohlcv_data where date = '2020-02-03'") == [(1000.0,)]
    assert [
        one for one in run(place, path, "--only", "health").failed if "has its keys" in one or "indexes of" in one
    ] == []
    assert "made anew" not in place.run("dbt", "build").stdout


def test_what_an_older_build_applied_is_learned_from_the_catalog(place: Place, path: Path) -> None:
    place.query("alter table audit.applied_definitions drop column deparsed")
    versions = place.query(
        "select oid, conname from pg_constraint where connamespace = 'public'::regnamespace order by 1"
    )
    step(place, path)
    assert place.query(
        "select count(*) from audit.applied_definitions where deparsed is null and kind <> 'compression'"
    ) == [(0,)]
    assert versions == place.query(
        "select oid, conname from pg_constraint where connamespace = 'public'::regnamespace order by 1"
    )
