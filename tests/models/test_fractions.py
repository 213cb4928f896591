"""Fractions in a column that is declared BIGINT: held as what they are, in the first build and in any later one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from quant import PostgresDatabaseManager, SQLiteDatabaseManager
from tests.support.dbt_ground import STAMP, quarantine, step
from tests.support.places import Place
from tests.support.sources import write
from tests.support.verdict_ground import run

pytestmark = pytest.mark.story

SCHEMA = (
    "create table tickers (ticker text primary key, name text, region text, lot_size integer, created_at text)",
    """create table ohlcv_data (id integer primary key autoincrement, ticker text, timeframe text, date text,
        region text, open real, high real, low real, close real, volume bigint, turnover bigint, ma5 real, ma20 real,
        rsi_14 real, created_at text)""",
    # whole numbers that are stored as reals need no more than a bigint
    "create table trades (id integer primary key autoincrement, ticker text, region text, side text, quantity real)",
)
TYPE = """
    select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = %s::regclass and attname = %s and not attisdropped
"""
COMPRESSED = (
    "select count(*) from timescaledb_information.chunks where hypertable_name = 'ohlcv_data' and is_compressed"
)


def bar(number: int, day: str, volume: float) -> tuple[str, list[object]]:
    return (
        "insert into ohlcv_data values (?, 'BTC', 'D', ?, 'US', 9.0, 12.0, 8.0, 10.0, ?, 7, null, null, null, ?)",
        [number, day, volume, STAMP],
    )


def source(path: Path, *rows: tuple[str, list[object]]) -> Path:
    path.unlink(missing_ok=True)
    ticker = ("insert into tickers values ('BTC', 'Bitcoin', 'US', 1, ?)", [STAMP])
    trade = "insert into trades values (1, 'BTC', 'US', 'BUY', 3.0)"
    return write(path, *SCHEMA, ticker, trade, *rows)


def type_of(place: Place, table: str, column: str) -> object:
    [(found,)] = place.query(TYPE, table, column)
    return found


def wrong(place: Place, path: Path) -> list[str]:
    return run(place, path).wrong


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """Whole numbers alone, loaded and built."""
    path = tmp_path_factory.mktemp("source") / f"{place.target.name}.db"
    source(path, bar(1, "2020-03-02", 100), bar(2, "2020-03-03", 2**53 - 1), bar(3, "2020-03-07", 5))
    step(place, path)
    return path


def test_whole_numbers_are_a_bigint(place: Place, path: Path) -> None:
    assert type_of(place, "ohlcv_data", "volume") == "bigint"
    assert type_of(place, "raw.trades", "quantity") == "double precision"
    assert type_of(place, "trades", "quantity") == "bigint"
    assert place.query(COMPRESSED) != [(0,)]
    assert wrong(place, path) == []


def test_a_fraction_that_cannot_be_placed_waits_and_the_build_says_for_whom(place: Place, path: Path) -> None:
    place.query("create schema strangers")
    place.query("create view strangers.busy as select ticker from public.ohlcv_data where volume > 10")
    place.query("create view strangers.months as select volume from public.ohlcv_monthly")
    write(path, bar(4, "2020-03-06", 1234.5))
    step(place, path)
    assert quarantine(place) == {("ohlcv_data", 4): "volume does not hold a bigint"}
    assert type_of(place, "ohlcv_data", "volume") == "bigint"
    said = place.run("dbt", "build", "--select", "ohlcv_data").stdout
    assert "strangers.busy reads it; strangers.months reads it" in said
    assert "ohlcv_monthly reads it and is not built along" in said
    outcome = run(place, path)
    assert "volume is bigint, and values of the source need double precision" in outcome.said
    place.query("drop schema strangers cascade")


def test_a_later_build_widens_the_column_below_compressed_chunks_and_aggregates(place: Place, path: Path) -> None:
    step(place, path)
    assert type_of(place, "ohlcv_data", "volume") == "double precision"
    assert quarantine(place) == {}
    [(volume,)] = place.query("select volume from ohlcv_data where source_rowid = 4")
    assert volume == 1234.5
    [(total,)] = place.query("select volume::text from ohlcv_yearly")
    assert total == "9007199254742330.5"
    assert place.query(COMPRESSED) != [(0,)]
    assert wrong(place, path) == []
    assert "UP TO DATE" in place.run("dbt", "build", "--select", "ohlcv_data").stdout


def test_so_does_one_that_no_script_of_spock_creates(place: Place, path: Path) -> None:
    assert type_of(place, "ohlcv_data", "turnover") == "bigint"
    step(place, path, "update ohlcv_data set turnover = 0.25 where id = 1")
    assert type_of(place, "ohlcv_data", "turnover") == "double precision"
    assert wrong(place, path) == []


def test_a_column_once_widened_stays_so(place: Place, path: Path) -> None:
    step(place, path, "update ohlcv_data set volume = 1234 where id = 4")
    assert type_of(place, "ohlcv_data", "volume") == "double precision"
    assert wrong(place, path) == []


def test_the_first_build_makes_the_column_wide(
    make_place: Callable[[str], AbstractContextManager[Place]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes = [0.1, 0.2, 0.3, 1e20, float("inf")]
    rows = [bar(number, f"2021-03-{number + 25:02}", volume) for number, volume in enumerate(volumes[:3], 1)]
    rows += [bar(number, f"2021-04-{number:02}", volume) for number, volume in enumerate(volumes[3:], 4)]
    path = source(tmp_path / "crypto.db", *rows)
    with make_place("server") as place:
        step(place, path)
        assert [volume for (volume,) in place.query("select volume from ohlcv_data order by date")] == volumes
        assert wrong(place, path) == []
        monkeypatch.setattr("os.environ", place.environment)
        with PostgresDatabaseManager() as target, SQLiteDatabaseManager(path) as file:
            days = file.get_ohlcv_data("BTC")
            assert_frame_equal(target.get_ohlcv_data("BTC")[days.columns], days)
            months = target.get_ohlcv_monthly("BTC")
            assert_frame_equal(months[["month", "volume"]], file.get_ohlcv_monthly("BTC")[["month", "volume"]])
            assert months["volume"].tolist() == [0.6, float("inf")]


def test_history_that_an_aggregate_alone_holds_is_not_given_up_for_a_fraction(
    make_place: Callable[[str], AbstractContextManager[Place]], tmp_path: Path
) -> None:
    path = source(tmp_path / "old.db", bar(1, "2020-03-02", 100), bar(2, "2024-01-02", 100))
    with make_place("server") as place:
        step(place, path)
        place.query("select drop_chunks('ohlcv_data', date '2022-01-01')")
        before = place.query("select * from ohlcv_monthly order by month")
        write(path, bar(3, "2024-01-03", 0.5))
        step(place, path)
        assert quarantine(place) == {("ohlcv_data", 3): "volume does not hold a bigint"}
        assert place.query("select * from ohlcv_monthly order by month") == before
        assert "alone holds the time before" in place.run("dbt", "build").stdout
