"""What builds make of a source that changes: each test goes on where the one before it stopped."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.dbt_ground import closes, price, quarantine, row_versions, source, step
from tests.support.places import Place

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """The source of this target."""
    return source(tmp_path_factory.mktemp("source") / f"{place.target.name}.db")


def test_each_row_is_in_its_table_or_in_the_quarantine_with_its_reason(place: Place, path: Path) -> None:
    step(place, path)
    assert quarantine(place) == {
        ("ohlcv_data", 4): "duplicate of rowid 3",
        ("ohlcv_data", 7): "date cannot be read",
        ("ohlcv_data", 8): "the ticker is empty",
        ("ohlcv_data", 9): "neither the row nor a parent nor the shape of the ticker tells the region",
        ("tickers", 4): "the ticker is empty",
        ("tickers", 5): "is_active does not hold a boolean; listing_date cannot be read",
    }
    assert closes(place, "005930") == {
        ("KR", "2020-01-02"): (11.0, 1),
        ("KR", "2020-01-03"): (12.0, 2),
        ("KR", "2020-01-06"): (13.0, 3),
    }
    assert closes(place, "ACB") == {("VN", "2020-01-02"): (10.0, 5)}
    assert place.query("select table_name from audit.conservation where difference <> 0") == []


def test_missing_parents_become_stubs_and_bad_parents_too(place: Place) -> None:
    assert place.query(
        "select ticker, region, name, currency, is_active, source_rowid from tickers"
        " where data_source = 'inferred' order by 1"
    ) == [("000660", "KR", "000660", "KRW", False, None), ("AAPL", "US", "AAPL", "USD", False, None)]


def test_values_arrive_exactly(place: Place) -> None:
    assert place.query(
        "select name, is_active, listing_date::text, created_at at time zone 'UTC', odd_column, lot_size from tickers"
        " where ticker in ('005930', 'ACB') order by ticker"
    )[0][:3] == ("삼성전자", True, "1975-06-11")
    assert place.query("select created_at = '2024-01-05 00:00:00.123456+00' from tickers where ticker = '005930'") == [
        (True,)
    ]
    assert place.query("select created_at = '2024-01-05 00:00:00+00' from tickers where ticker = 'ACB'") == [(True,)]
    assert place.query("select data_source from tickers where ticker = '7203'") == [("",)]
    assert place.query("select odd_column from tickers where ticker = '005930'") == [("odd",)]
    assert place.query("select ma5 from ohlcv_data where id = 1") == [(0.1 + 0.2,)]


def test_aggregates_are_filled(place: Place) -> None:
    assert place.query(
        "select month::text, open, high, low, close, volume, trading_days from ohlcv_monthly where ticker = '005930'"
    ) == [("2020-01-01", 9.0, 12.0, 8.0, 13.0, 300, 3)]
    assert place.query("select count(*) from ohlcv_quarterly") == place.query("select count(*) from ohlcv_yearly")


def test_old_chunks_are_compressed_after_a_build(place: Place) -> None:
    assert place.query(
        "select count(*) from timescaledb_information.chunks where hypertable_name = 'ohlcv_data' and range_end < now()"
        " - interval '365 days' and not is_compressed"
    ) == [(0,)]


def test_a_second_build_writes_no_row(place: Place, path: Path) -> None:
    before = row_versions(place)
    step(place, path)
    assert row_versions(place) == before


def test_a_full_refresh_drops_nothing_and_writes_no_row(place: Place, path: Path) -> None:
    before = row_versions(place)
    oids = place.query(
        "select oid, relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1"
    )
    step(place, path, build=("build", "--full-refresh"))
    after = row_versions(place)
    assert {table: after[table] for table in after if table != "audit.quarantine"} == {
        table: before[table] for table in before if table != "audit.quarantine"
    }
    assert oids == place.query(
        "select oid, relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1"
    )


def test_aggregates_show_a_row_at_once(place: Place) -> None:
    place.query(
        "insert into ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume)"
        " values ('7203', 'JP', '1d', current_date, 1, 2, 1, 2, 5)"
    )
    assert place.query("select close from ohlcv_monthly where ticker = '7203' order by month desc limit 1") == [(2.0,)]


def test_only_what_changed_is_written(place: Place, path: Path) -> None:
    step(
        place,
        path,
        "update ohlcv_data set close = 11.5 where id = 1",
        price(12, "005930", "2020-01-07", "KR", 14.0),
        price(13, "005930", "2020-01-03", None, 77.0),
    )
    assert closes(place, "005930") == {
        ("KR", "2020-01-02"): (11.5, 1),
        ("KR", "2020-01-03"): (12.0, 2),
        ("KR", "2020-01-06"): (13.0, 3),
        ("KR", "2020-01-07"): (14.0, 12),
    }
    assert quarantine(place)["ohlcv_data", 13] == "duplicate of rowid 2"
    assert place.query("select close, trading_days from ohlcv_monthly where ticker = '005930'") == [(14.0, 4)]


def test_the_next_row_takes_the_key_that_the_source_frees(place: Place, path: Path) -> None:
    step(place, path, "delete from ohlcv_data where id = 2", "update ohlcv_data set date = '2020-01-08' where id = 3")
    assert closes(place, "005930") == {
        ("KR", "2020-01-02"): (11.5, 1),
        ("KR", "2020-01-03"): (77.0, 13),
        ("KR", "2020-01-06"): (99.0, 4),
        ("KR", "2020-01-07"): (14.0, 12),
        ("KR", "2020-01-08"): (13.0, 3),
    }
    assert ("ohlcv_data", 4) not in quarantine(place)


def test_a_row_that_is_mended_leaves_the_quarantine(place: Place, path: Path) -> None:
    step(place, path, "update ohlcv_data set date = '2020-01-09' where id = 7")
    assert ("ohlcv_data", 7) not in quarantine(place)
    assert closes(place, "005930")["KR", "2020-01-09"] == (10.0, 7)


def test_a_parent_that_arrives_late_moves_its_children(place: Place, path: Path) -> None:
    step(place, path, price(14, "HUT", "2020-01-02"))
    assert closes(place, "HUT") == {("US", "2020-01-02"): (10.0, 14)}
    step(place, path, "insert into tickers (ticker, name, region) values ('HUT', 'Hut', 'VN')")
    assert closes(place, "HUT") == {("VN", "2020-01-02"): (10.0, 14)}
    assert place.query("select name, data_source from tickers where ticker = 'HUT' and region = 'VN'") == [
        ("Hut", None)
    ]


def test_rows_of_applications_survive_and_keep_their_keys(place: Place, path: Path) -> None:
    place.query(
        "insert into ohlcv_data (ticker, region, timeframe, date, close)"
        " values ('005930', 'KR', '1d', '2020-02-03', 55)"
    )
    assert place.query("insert into trades (ticker, region) values ('005930', 'KR') returning id") == [(8,)]
    step(place, path, price(15, "005930", "2020-02-03", "KR", 56.0), build=("build", "--full-refresh"))
    assert closes(place, "005930")["KR", "2020-02-03"] == (55.0, None)
    assert quarantine(place)["ohlcv_data", 15] == "a row that an application wrote has this key"
    assert place.query("select count(*) from trades where id = 8") == [(1,)]


def test_rows_that_the_source_deleted_are_kept_unless_the_var_says_otherwise(place: Place, path: Path) -> None:
    step(place, path, "delete from ohlcv_data where id = 12", "delete from tickers where ticker = '005930'")
    assert closes(place, "005930")["KR", "2020-01-07"] == (14.0, 12)
    assert place.query("select kept_rows, difference from audit.conservation where table_name = 'ohlcv_data'") == [
        (1, 0)
    ]
    step(place, path, build=("build", "--vars", "{remove_deleted: true}"))
    assert ("KR", "2020-01-07") not in closes(place, "005930")
    assert place.query("select is_active, data_source, source_rowid from tickers where ticker = '005930'") == [
        (False, "inferred", None)
    ]
    assert place.query("select table_name from audit.conservation where difference <> 0") == []


def test_a_number_that_another_row_has_taken_is_a_change_of_that_row(place: Place, path: Path) -> None:
    step(place, path, price(20, "7203", "2024-05-08", "JP"))
    step(place, path, "delete from ohlcv_data where id = 20")
    assert closes(place, "7203")["JP", "2024-05-08"] == (10.0, 20)
    step(place, path, "insert into tickers (ticker, name, region) values ('X', 'between', 'US')")
    step(place, path, price(20, "7203", "2024-05-09", "JP"))
    assert closes(place, "7203").get(("JP", "2024-05-09")) == (10.0, 20)
    assert ("JP", "2024-05-08") not in closes(place, "7203")


def test_a_new_column_of_the_source_arrives_with_its_values(place: Place, path: Path) -> None:
    step(
        place,
        path,
        "alter table ohlcv_data add column sentiment real",
        "update ohlcv_data set sentiment = 0.5 where id = 1",
    )
    assert place.query("select sentiment from ohlcv_data where id = 1") == [(0.5,)]


def test_raw_may_be_dropped_and_loaded_again(place: Place, path: Path) -> None:
    assert place.run("dbt", "run-operation", "drop_raw", check=False).returncode == 1
    assert place.query("select to_regnamespace('raw') is not null") == [(True,)]
    before = closes(place, "005930")
    confirmed = ("dbt", "run-operation", "drop_raw", "--args", "{confirm: 'yes'}")
    for plant, name, undo in (
        ("create view public.mine as select * from staging.stg_trades", "public.mine", "drop view public.mine"),
        ("create table raw.notes (rowid int)", "raw.notes", "drop table raw.notes"),
        (
            "create table public.mine (load_id bigint references raw._loads)",
            "public.mine",
            "drop table public.mine",
        ),
        ("create function staging.mine() returns int return 1", "staging.mine()", "drop function staging.mine()"),
    ):
        place.query(plant)
        done = place.run(*confirmed, check=False)
        assert done.returncode == 1
        assert name in done.stdout
        assert place.query("select count(*) > 0 from raw._loads") == [(True,)]
        place.query(undo)
    place.run(*confirmed)
    assert place.query("select to_regnamespace('raw') is null, to_regnamespace('staging') is null") == [(True, True)]
    assert closes(place, "005930") == before
    step(place, path, "update ohlcv_data set close = 12.5 where id = 1")
    assert closes(place, "005930") == before | {("KR", "2020-01-02"): (12.5, 1)}
    assert place.query("select table_name from audit.conservation where difference <> 0") == []


def written(place: Place, name: str) -> dict[str, Any]:
    """A JSON document that dbt left in its target folder."""
    found: dict[str, Any] = json.loads((Path(place.environment["DBT_TARGET_PATH"]) / name).read_text())
    return found


def test_the_generated_docs_have_every_relation_with_its_declared_columns(place: Place) -> None:
    place.run("dbt", "docs", "generate")
    there = {key: set(node["columns"]) for key, node in written(place, "catalog.json")["nodes"].items()}
    declared = {
        key: set(node["columns"])
        for key, node in written(place, "manifest.json")["nodes"].items()
        if node["resource_type"] == "model"
    }
    assert len(declared) > 30
    assert {key: columns - there.get(key, set()) for key, columns in declared.items()} == {
        key: set() for key in declared
    }


@pytest.mark.parametrize(
    ("age", "status", "code"), [("0 days", "pass", 0), ("2 days", "warn", 0), ("8 days", "error", 1)]
)
def test_source_freshness_says_when_the_last_load_was(place: Place, age: str, status: str, code: int) -> None:
    move = "update raw._loads set finished_at = finished_at {} %s::interval"
    place.query(move.format("-"), age)
    done = place.run("dbt", "source", "freshness", check=False)
    (found,) = written(place, "sources.json")["results"]
    [(last,)] = place.query("select max(finished_at) from raw._loads")
    place.query(move.format("+"), age)
    assert (done.returncode, found["status"]) == (code, status)
    assert datetime.fromisoformat(found["max_loaded_at"]) == last
