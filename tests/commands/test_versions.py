"""Each version of TimescaleDB that is installed here builds the same, and what it has built outlives its update."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quant.target import Target
from tests.support import native
from tests.support.dbt_ground import price, source, step
from tests.support.places import Place, place_on

DAYS = [f"{year}-{month:02d}-{day:02d}" for year in range(2019, 2024) for month in range(1, 13) for day in (2, 20)]
OLDER = [version for version in native.versions()[:-1] if int(version.split(".")[1]) >= 11]
NONE = pytest.param("", marks=pytest.mark.skip("there is no second TimescaleDB beside PostgreSQL's programs here"))

AGGREGATES = " union all ".join(
    f"select '{name}', ticker, region, {name}, open, high, low, close, volume, trading_days from ohlcv_{name}ly"
    for name in ("month", "quarter", "year")
)
FROM_DAYS = " union all ".join(
    f"select '{name}', ticker, region, date_trunc('{name}', date)::date, (array_agg(open order by date))[1], max(high),"
    " min(low), (array_agg(close order by date desc))[1], sum(volume), count(*) from ohlcv_data group by 2, 3, 4"
    for name in ("month", "quarter", "year")
)


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    """A server of its own: one that POSTGRES_HOST names may have other versions."""
    programs = native.with_timescaledb()
    assert programs
    with native.started(programs, native.WITH_TIMESCALEDB) as target:
        yield target


def assert_aggregates_are_right(place: Place) -> None:
    found, expected = place.query(f"{AGGREGATES} order by 1, 2, 3, 4"), place.query(f"{FROM_DAYS} order by 1, 2, 3, 4")
    assert len(found) > 80
    assert found == expected


@pytest.mark.parametrize("version", OLDER or [NONE])
def test_an_older_version_builds_the_same(server: Target, version: str, tmp_path: Path) -> None:
    with native.database(server, f"quant_{version.replace('.', '_')}", version) as target:
        place, path = place_on(target, tmp_path), source(tmp_path / "spock.db")
        step(place, path, *(price(100 + number, "005930", day, "KR", number) for number, day in enumerate(DAYS)))
        assert_aggregates_are_right(place)
        place.query(
            "insert into ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume)"
            " values ('005930', 'KR', '1d', current_date, 1, 2, 1, 2, 5)"
        )
        assert_aggregates_are_right(place)
        step(place, path, "update ohlcv_data set close = 777, high = 778 where id in (110, 160)")
        assert_aggregates_are_right(place)
        place.run("dbt", "run-operation", "recompress_chunks", "--args", "{table: ohlcv_data}")
        place.run("dbt", "run-operation", "run_policies")
        place.query("alter extension timescaledb update")
        step(place, path, "update ohlcv_data set close = 888, high = 889 where id in (111, 161)")
        assert_aggregates_are_right(place)
