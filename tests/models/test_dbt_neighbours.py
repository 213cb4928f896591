"""What builds make of a row when it is another one that changes: each test goes on where the one before it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.dbt_ground import STAMP, closes, price, quarantine, row_versions, source, step
from tests.support.places import Place

pytestmark = pytest.mark.story

# What an aggregate shows and plain SQL over the days does not.
WRONG_BUCKETS = """
    select ticker, region, {bucket}::date, open, high, low, close, volume, ma5_start, trading_days from ohlcv_{bucket}ly
    except
    select ticker, region, date_trunc('{bucket}', date)::date, (array_agg(open order by date))[1], max(high), min(low),
        (array_agg(close order by date desc))[1], sum(volume), (array_agg(ma5 order by date))[1], count(*)
    from ohlcv_data where timeframe = '1d' group by 1, 2, 3"""
WAITS = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """The source of this target."""
    return source(tmp_path_factory.mktemp("source") / f"{place.target.name}.db")


def test_a_child_that_is_built_before_its_parent_enters_once_the_parent_is_there(place: Place, path: Path) -> None:
    step(place, path)
    step(place, path, price(20, "MSFT", "2020-01-02"), build=("build", "--select", "ohlcv_data"))
    assert quarantine(place)["ohlcv_data", 20] == "no row in public.tickers for MSFT, US"
    step(place, path)
    assert closes(place, "MSFT") == {("US", "2020-01-02"): (10.0, 20)}
    assert ("ohlcv_data", 20) not in quarantine(place)


def test_a_row_enters_once_the_application_has_deleted_what_had_its_key(place: Place, path: Path) -> None:
    place.query(
        "insert into ohlcv_data (ticker, region, timeframe, date, close) values ('MSFT', 'US', '1d', '2020-01-03', 55)"
    )
    step(place, path, price(21, "MSFT", "2020-01-03"), price(22, "MSFT", "2020-01-03", "US", 12.0))
    assert closes(place, "MSFT")["US", "2020-01-03"] == (55.0, None)
    before = row_versions(place)
    step(place, path)
    assert row_versions(place) == before
    place.query("delete from ohlcv_data where ticker = 'MSFT' and source_rowid is null")
    step(place, path)
    assert closes(place, "MSFT")["US", "2020-01-03"] == (12.0, 22)
    assert quarantine(place)["ohlcv_data", 21] == "duplicate of rowid 22"


def test_a_child_that_changed_and_one_that_its_parent_moved_get_one_stub(place: Place, path: Path) -> None:
    step(place, path, ("insert into stock_details values ('AAPL', 'IT', null, 0, ?)", [STAMP]))
    step(place, path, "update tickers set region = 'VN' where ticker = 'AAPL'", price(23, "AAPL", "2020-01-03", "VN"))
    assert ("tickers", 5) in quarantine(place)
    assert place.query("select region from stock_details where ticker = 'AAPL'") == [("VN",)]
    assert place.query("select data_source from tickers where (ticker, region) = ('AAPL', 'VN')") == [("inferred",)]


def test_children_leave_the_region_that_their_parent_no_longer_names(place: Place, path: Path) -> None:
    step(place, path, "update tickers set region = '' where ticker = 'ACB'")
    assert closes(place, "ACB") == {("US", "2020-01-02"): (10.0, 5)}


def test_aggregates_are_exact_where_the_last_changed_day_begins_a_bucket(place: Place, path: Path) -> None:
    step(place, path, price(30, "005930", "2018-05-02", "KR"), price(31, "005930", "2018-10-01", "KR"))
    step(place, path, "update ohlcv_data set close = 11 where id in (30, 31)")
    step(place, path, price(32, "005930", "2017-01-16", "KR"))
    step(place, path, "update ohlcv_data set close = 11.5 where id = 32")  # a year's log begins and ends on one day
    for bucket in ("month", "quarter", "year"):
        assert place.query(WRONG_BUCKETS.format(bucket=bucket)) == [], bucket


def test_what_an_application_commits_amid_a_build_is_left_and_the_row_that_it_keeps_out_is_named(
    make_place: Callable[[str], contextmanager[Place]], tmp_path: Path
) -> None:
    """A server only: on the embedded engine a build waits until the application's transaction is over."""
    with make_place("server") as place, closing(place.target.connect("application")) as application:
        path = source(tmp_path / "source.db")
        step(place, path)
        with application.cursor() as cursor:
            cursor.execute(
                "insert into public.ohlcv_data values (default, '005930', 'KR', '1d', '2020-02-03', 55, 55, 55, 55)"
            )
        step(place, path, price(20, "005930", "2020-02-03", "KR"), build=("parse",))
        building = place.start("dbt", "build")
        deadline = time.monotonic() + 120
        while not place.query(WAITS):
            assert time.monotonic() < deadline, "the build never waited"
            assert building.poll() is None, "the build ended without waiting"
            time.sleep(0.05)
        application.commit()
        said, _ = building.communicate(timeout=120)
        assert building.returncode == 1
        assert "nothing_is_lost" in said
        assert closes(place, "005930")["KR", "2020-02-03"] == (55.0, None)
        step(place, path, build=("build", "--full-refresh"))
        assert closes(place, "005930")["KR", "2020-02-03"] == (55.0, None)
        assert quarantine(place)["ohlcv_data", 20] == "a row that an application wrote has this key"
