"""The checkpoint names every planted fault, and nothing when there is none; on both targets."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from expectations.parity import explain, source
from tests.support.parity_faults import CHOSEN, COLUMNS, PUBLIC, RAW, TYPES
from tests.support.verdict_ground import Ground, run

ORIGIN = {"raw": "_rowid", "public": "source_rowid"}


def test_a_sound_migration_is_met_with_every_table_compared(migrated: Ground) -> None:
    outcome = migrated.run()
    assert (outcome.code, outcome.wrong) == (0, [])
    tables = {name for (name,) in migrated.of_source("select name from sqlite_master where type = 'table'")}
    assert {line["table"] for line in outcome.document["tables"]} == tables - {"sqlite_sequence", "sqlite_stat1"}
    assert {line["values"] for line in outcome.document["tables"]} == {"equal"}


@pytest.mark.parametrize("fault", [name for name in RAW if name != "a narrower type"])
def test_a_fault_in_raw_is_named(migrated: Ground, fault: str) -> None:
    plant, undo, words = RAW[fault]
    ((rowid, close),) = migrated.of_source("select rowid, close from ohlcv_data order by rowid limit 1")
    with migrated.planted(plant, undo.format(rowid=rowid, close=close)):
        outcome = migrated.run("--only", "values")
    assert outcome.code == 1
    for word in words:
        assert word.format(rowid=rowid, close=close) in outcome.said


def test_a_narrower_type_in_raw_is_named(migrated: Ground) -> None:
    plant, undo, words = RAW["a narrower type"]
    small = "update raw.notes set weight = {weight} where id = 3"  # 1e300 does not fit the narrower type
    with migrated.planted(small.format(weight=2), small.format(weight=1e300)), migrated.planted(plant, undo):
        outcome = migrated.run("--only", "values")
    assert outcome.code == 1
    assert words[0] in outcome.said


def test_a_row_missing_in_raw_is_named_by_counts_and_by_values(migrated: Ground) -> None:
    keep = "create table audit.kept as select * from raw.notes where id = 4"
    with (
        migrated.planted(keep, "drop table audit.kept"),
        migrated.planted("delete from raw.notes where id = 4", "insert into raw.notes select * from audit.kept"),
    ):
        outcome, quick = migrated.run(), migrated.run("--quick")
    assert (outcome.code, quick.code) == (1, 1)
    assert "missing _rowid 4" in outcome.said
    for one in (outcome, quick):
        assert "notes: the source has 4 rows, raw 3 and rejected 0: the difference is +1" in one.said


def test_a_table_missing_in_raw_is_named(migrated: Ground) -> None:
    plant, undo = "alter table raw.notes rename to gone", "alter table raw.gone rename to notes"
    with migrated.planted(plant, undo):
        outcome = migrated.run()
    assert outcome.code == 1
    assert "notes of the source (4 rows) is not in raw" in outcome.said
    assert "raw.gone has no table in the source (any more)" in outcome.said


def test_a_table_that_the_source_gave_up_is_one_finding_with_its_cure(migrated: Ground) -> None:
    books = ("_tables", "_windows", "rejected_rows")
    copied = 'insert into raw.{0} select (jsonb_populate_record(b, \'{{"table_name": "kept"}}\')).* from raw.{0} as b'
    plant = ["create table raw.kept as select * from raw.notes"]
    plant += [f"{copied.format(book)} where table_name = 'notes'" for book in books]
    undo = ["drop table raw.kept", *(f"delete from raw.{book} where table_name = 'kept'" for book in books)]
    with migrated.planted("; ".join(plant), "; ".join(undo)):
        outcome = migrated.run()
    assert outcome.code == 1
    assert outcome.wrong == ["every source row is in raw or among the rejected rows"]
    assert (
        "raw.kept has no table in the source (any more): if it may go, drop it from raw, and load again" in outcome.said
    )


@pytest.mark.parametrize("place", ["raw", "public"])
def test_a_quick_run_names_the_month_of_a_single_changed_value(migrated: Ground, tmp_path: Path, place: str) -> None:
    """The last bit of one indicator: nothing that a count or a rounded sum would show."""
    ticker, region, month, rowid, rsi = migrated.query(
        "select p.ticker, p.region, to_char(p.date, 'YYYY-MM'), p.source_rowid, p.rsi_14 from public.ohlcv_data as p "
        "where p.rsi_14 > 1 and p.timeframe = '1d' order by p.date desc, p.ticker limit 1"
    )[0]
    assert isinstance(rsi, float)
    change = f"update {place}.ohlcv_data set rsi_14 = {{value!r}} where {ORIGIN[place]} = {rowid}"
    with migrated.planted(change.format(value=math.nextafter(rsi, 0)), change.format(value=rsi)):
        outcome = migrated.run("--quick", "--report", str(tmp_path))
    assert outcome.code == 1
    assert set(outcome.failed) == {f"every month of every ticker of {place}.ohlcv_data is as in the source"}
    named = f"{place}.ohlcv_data: ticker '{ticker}', region '{region}', timeframe '1d', {month}: 1 row not as"
    assert named in outcome.said
    assert f"rsi_14 is {math.nextafter(rsi, 0)!r}, expected {rsi!r}" in outcome.said
    latest = {f"phase1-quick.{kind}" for kind in ("html", "md", "json")}
    kept = {path.name for path in tmp_path.iterdir()} - latest
    assert all((tmp_path / name).exists() for name in latest)
    assert {name.partition(f"-{migrated.place.target.name}-")[0] for name in kept} == {"phase1-quick"}


def test_a_quick_run_names_every_month_however_many_rows_differ(
    migrated: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "EXAMINED", 3)
    monkeypatch.setattr(source, "PART", 5)
    change = "update raw.ohlcv_data set volume = volume {sign} 1 where _rowid <= 300"
    with migrated.planted(change.format(sign="+"), change.format(sign="-")):
        outcome = migrated.run("--quick")
    ((rows, months),) = migrated.of_source(
        "select count(volume), count(distinct ticker || timeframe || substr(date, 1, 7)) from ohlcv_data "
        "where rowid <= 300 and volume is not null"
    )
    named = [line for line in outcome.said.splitlines() if "not as in the source" in line]
    assert len(named) == months > 3
    assert sum(int(line.split(": ")[-1].split(" ")[0]) for line in named) == rows


@pytest.mark.parametrize("table", COLUMNS)
def test_a_column_with_another_sum_is_named_without_its_rows(migrated: Ground, tmp_path: Path, table: str) -> None:
    plant, undo = COLUMNS[table]
    column = undo.split(" = ")[0]
    with migrated.planted(plant, f"update {table} set {undo}"):
        outcome = migrated.run("--only", "columns", "--report", str(tmp_path))
    assert outcome.code == 1
    (description,) = outcome.failed
    assert description.startswith("every column in raw " if "raw" in table else f"every column of {table} ")
    assert outcome.said.startswith(f"{table}.{column}: ")
    facts = json.loads((tmp_path / "phase1-columns.json").read_text(encoding="utf-8"))["facts"]
    unlike = [one for one in facts["columns"] if one["unlike"]]
    assert [(f"{one['place']}.{one['table']}", one["column"]) for one in unlike] == [(table, column)]


@pytest.mark.parametrize("fault", PUBLIC)
def test_a_fault_in_public_is_named(migrated: Ground, fault: str) -> None:
    table, change, words = PUBLIC[fault]
    migrated.query("select decompress_chunk(c, true) from show_chunks('public.ohlcv_data') c")
    ((rowid,),) = migrated.query(f"select min(source_rowid) from public.{table} where {CHOSEN.get(table, 'true')}")
    with migrated.changed(table, f"source_rowid = {rowid}", change):
        outcome = migrated.run("--only", "values")
    assert outcome.code == 1
    for word in words:
        assert word in outcome.said


@pytest.mark.parametrize("fault", TYPES)
def test_a_column_of_public_of_another_type_is_named(migrated: Ground, fault: str) -> None:
    plant, undo, words = TYPES[fault]
    with migrated.planted(plant, undo):
        outcome = migrated.run("--only", "values", "--only", "columns", "--only", "health")
    assert outcome.code == 1
    assert words in outcome.said
    assert f"the columns of {words.split(':')[0].split()[0].split('.')[1]} are as declared" in outcome.failed


def test_a_row_with_a_wrong_origin_is_named(migrated: Ground) -> None:
    move = "update public.portfolio set source_rowid = source_rowid {sign} 1000000 where source_rowid % 1000000 = 1"
    with migrated.planted(move.format(sign="+"), move.format(sign="-")):
        outcome = migrated.run("--only", "values")
    assert outcome.code == 1
    assert "source_rowid is 1000001, expected 1" in outcome.said


def test_two_rows_of_public_swapped_are_named(migrated: Ground) -> None:
    (one,), (two,) = migrated.query("select source_rowid from public.market_sentiment order by 1 limit 2")
    where = f"source_rowid in ({one}, {two})"
    swap = (
        "update {table} a set vix = b.vix, kospi_index = b.kospi_index from {table} b "
        f"where a.{where} and b.source_rowid = {one} + {two} - a.source_rowid"
    )
    with migrated.changed("market_sentiment", where, swap):
        outcome = migrated.run("--only", "values")
    assert outcome.code == 1
    assert "2 rows with other values" in outcome.said
    assert "kospi_index (2)" in outcome.said


def test_a_wrong_region_is_named_with_both_keys(migrated: Ground) -> None:
    ((ticker,),) = migrated.query("select min(ticker) from public.stock_details where region = 'US'")
    parent = (
        "insert into public.tickers (ticker, region, name, exchange, data_source) "
        f"values ('{ticker}', 'VN', '{ticker}', 'HOSE', 'inferred')"
    )
    with (
        migrated.planted(parent, f"delete from public.tickers where region = 'VN' and ticker = '{ticker}'"),
        migrated.changed("stock_details", f"ticker = '{ticker}'", "update {table} set region = 'VN' where {where}"),
    ):
        outcome = migrated.run("--only", "values")
    assert outcome.code == 1
    assert f"missing ticker '{ticker}', region 'US'" in outcome.said
    assert f"extra ticker '{ticker}', region 'VN'" in outcome.said


def test_a_row_that_an_application_wrote_is_counted_apart(migrated: Ground) -> None:
    add = "insert into public.market_sentiment (date, vix) values ('2099-01-01', 1)"
    with migrated.planted(add, "delete from public.market_sentiment where date = '2099-01-01'"):
        outcome = migrated.run()
    assert outcome.code == 0
    assert any("1 in market_sentiment" in note for note in outcome.document["notes"])


def test_a_quick_run_sees_a_lost_row_beside_one_that_an_application_wrote(migrated: Ground) -> None:
    add = "insert into public.market_sentiment (date, vix) values ('2099-01-01', 1)"
    with (
        migrated.planted(add, "delete from public.market_sentiment where date = '2099-01-01'"),
        migrated.changed("market_sentiment", "source_rowid = 3", "delete from {table} where {where}"),
    ):
        outcome = migrated.run("--quick")
    assert outcome.code == 1
    assert set(outcome.failed) == {"every raw row of market_sentiment is in public or in quarantine"}
    assert outcome.said.endswith("the difference is +1")


def test_a_row_quarantined_that_public_has_as_well_is_named(migrated: Ground) -> None:
    park = (
        "insert into audit.quarantine (table_name, rowid, key, reason, row, first_seen, last_seen) "
        "select 'portfolio', min(source_rowid), '{}', 'none', '{}', now(), now() from public.portfolio"
    )
    with migrated.planted(park, "delete from audit.quarantine where table_name = 'portfolio' and reason = 'none'"):
        outcome = migrated.run()
    assert outcome.code == 1
    assert "both in quarantine and in public" in outcome.said


def test_a_source_that_changed_since_the_load_is_told(migrated: Ground, tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    shutil.copy(migrated.source, newer)
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("update notes set body = 'vier' where id = 4")
    outcome = run(migrated.place, newer, "--only", "values")
    assert outcome.code == 1
    assert "body is 'four', expected 'vier'" in outcome.said
    assert any("changed since the last load" in note for note in outcome.document["notes"])


def test_after_all_these_faults_were_mended_the_verdict_is_met_again(migrated: Ground) -> None:
    outcome = migrated.run()
    assert (outcome.code, outcome.wrong) == (0, [])
