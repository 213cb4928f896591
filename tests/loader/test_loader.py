"""The loader: nothing lost, nothing twice, on both targets."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from quant.server.lock import only_loader
from tests.support import sources
from tests.support.loading import load
from tests.support.places import Place

pytestmark = pytest.mark.usefixtures("empty_raw")

LONG = "a_name_that_is_longer_than_the_sixty_three_bytes_which_postgresql_keeps_of_it"


def written(document: dict[str, object]) -> int:
    tables = document["tables"]
    assert isinstance(tables, list)
    return sum(table["written"] for table in tables)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return sources.write(
        tmp_path / "s.db",
        "create table numbers (i integer, r real, d decimal(10, 2), b boolean)",
        "insert into numbers values (1, 1.5, 1, 1), (-9223372036854775808, 1e308, 2.5, 0), (null, 5e-324, null, null)",
        "insert into numbers values (9223372036854775807, 0.1 + 0.2, 9007199254740992, 1), (3, 9e999, -9e999, 7)",
        "create table texts (t text, u text not null default '', day date, bytes blob, anything)",
        "insert into texts values ('', '한국어 🙂', '2024-01-05', x'00ff', 'x')",
        "insert into texts values (null, 'tab\tquote\"\n', null, x'', null)",
        "insert into texts values ('NA', 'TRUE', '2024/01/05', null, 'y')",
        'create table "select" ("from" integer, "Mixed Case" text, "with ""quotes""" text, "열" real, xmin integer)',
        """insert into "select" values (1, 'a', 'b', 2.5, 9)""",
        'create table "내 표: ""x""/y" (n integer)',
        'insert into "내 표: ""x""/y" values (42)',
        'create table "가나다라마바사아자차카타파하/가나다라마" (n integer)',
        f"create table {LONG} (n integer)",
        f"insert into {LONG} values (1)",
        "create table keyed (k text primary key, v integer) without rowid",
        "insert into keyed values ('b', 2), ('a', 1)",
        "create table never_used (a integer, b date)",
        "create table never_keyed (k text primary key) without rowid",
        "create view seen as select 1",
    )


def test_every_value_of_every_storage_class_arrives_bit_for_bit(place: Place, source: Path) -> None:
    document = load(place, source)
    long_name = next(t["table"] for t in document["tables"] if t["table"].startswith(LONG[:40]))
    assert long_name != LONG
    renamed = {LONG: long_name}
    columns = {
        r[0] for r in place.query("select column_name from information_schema.columns where table_name = 'select'")
    }
    assert {"from", "Mixed Case", 'with "quotes"', "열"} < columns
    assert any(name.startswith("xmin_") for name in columns)
    sources.write(
        source,
        'alter table "select" rename column xmin to xmin_' + next(c for c in columns if c.startswith("xmin_"))[5:],
    )
    assert sources.differences(source, place, renamed) == []
    kinds = dict(
        place.query("select column_name, data_type from information_schema.columns where table_name = 'numbers'")
    )
    assert kinds | {"_rowid": "", "_load_id": ""} == {
        "i": "bigint", "r": "double precision", "d": "double precision", "b": "bigint", "_rowid": "", "_load_id": "",
    }  # fmt: skip


def test_rows_that_do_not_fit_are_kept_whole_with_their_reason(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (i integer, r real, t text, d decimal, note text)",
        "insert into t select 1, 1.5, 'good', 1.5, 'fine' union all select 2, 2.5, 'good', 2, 'fine' "
        "union all select 3, 3.5, 'good', 3, 'fine' union all select 4, 4.5, 'good', 4.5, 'fine'",
        "insert into t values (1, 'N/A', 't', 1, 'r'), (1, 1, x'01', 1, 't'), ('x', 1, 't', 1, 'i')",
        "insert into t values (1, 1, cast(x'610062' as text), 1, 't'), (1, 1, cast(x'ff61' as text), 1, 't')",
        "insert into t values (1, 1, 't', 9007199254740993, 'd'), (1, 1, 't', 'x', 'd')",
    )
    document = load(place, source)
    assert document["rejected"] == 7
    assert document["well"] is False
    assert sources.differences(source, place) == []
    blamed = place.query("select column_name, \"row\" ->> 'note', reason from raw.rejected_rows order by rowid")
    assert all(column == note and reason for column, note, reason in blamed)
    again = load(place, source)
    assert again["unchanged"] is True
    assert again["well"] is False, "the rejected rows are still there"


def test_a_second_run_changes_nothing_and_a_change_moves_only_its_rows(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key autoincrement, v real)",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) "
        "insert into t (v) select i / 7.0 from n",
    )
    assert written(load(place, source, "--batch-size", "1000")) == 5000
    before = place.query("select ctid, xmin, * from raw.t order by _rowid")
    assert load(place, source, "--batch-size", "1000")["unchanged"] is True
    assert written(load(place, source, "--full-refresh", "--batch-size", "1000")) == 0
    assert place.query("select ctid, xmin, * from raw.t order by _rowid") == before
    sources.write(
        source,
        "update t set v = -1 where id = 2500",
        "delete from t where id in (17, 4000)",
        "insert into t (v) values (99)",
        "delete from t where id between 1024 and 2047",
    )
    document = load(place, source, "--batch-size", "1000", "--allow-removal", "t")
    (line,) = document["tables"]
    assert (line["written"], line["removed"]) == (2, 1 + 2 + 1024)
    noted = place.query("select rowid from raw._removed where table_name = 't' and load_id = %s", document["load_id"])
    assert {rowid for (rowid,) in noted} == {17, 2500, 4000, *range(1024, 2048)}
    assert sources.differences(source, place) == []
    assert place.query("select count(*) from raw.t where _load_id = %s", document["load_id"]) == [(2,)]


def test_a_ledger_with_digests_of_another_kind_moves_no_row(place: Place, source: Path) -> None:
    load(place, source)
    before = place.query("select ctid, xmin, * from raw.texts order by _rowid")
    place.query("update raw._loads set fingerprint = null")
    place.query("update raw._windows set fingerprint = 'of another kind', pages = 'too'")
    document = load(place, source)
    assert (document["unchanged"], written(document)) == (False, 0)
    assert place.query("select ctid, xmin, * from raw.texts order by _rowid") == before
    assert place.query("select 1 from raw._windows where fingerprint = 'of another kind'") == []


def test_rows_lost_from_raw_are_noticed_and_come_back(place: Place, source: Path) -> None:
    load(place, source)
    place.query("delete from raw.texts where _rowid = 2")
    assert load(place, source)["unchanged"] is False
    assert place.query("select count(*) from raw.texts") == [(3,)]


def test_new_tables_columns_and_wider_types_evolve_raw_and_are_reported(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (a integer, n numeric, later date)",
        "insert into t values (1, 1, null), (2, 2, null)",
        "create table leaves (x text)",
    )
    load(place, source)
    sources.write(
        source,
        "alter table t add column b real default 1.5",
        "insert into t (a, n, later) values (3, 2.5, 20240105)",
        "create table u (x text)",
        "insert into u values ('new')",
        "drop table leaves",
    )
    document = load(place, source)
    said = " ".join(document["changes"])
    for word in (
        "t.b is new",
        "Table u is new",
        "t.n becomes double precision",
        "t.later becomes bigint",
        "leaves is gone",
    ):
        assert word in said
    assert sources.differences(source, place) == []


@pytest.mark.parametrize("after", [0.0, 0.05, 0.2, 0.5, 1.0])
def test_a_killed_run_is_finished_by_the_next_one(place: Place, tmp_path: Path, after: float) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, v real, w text)",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000) "
        "insert into t select i, i / 7.0, 'row ' || i from n",
    )
    running = place.start("python", "-m", "loader.run", "--source", str(source), "--batch-size", "2000")
    wait_for_first_window(place)
    time.sleep(after)
    running.send_signal(signal.SIGKILL)
    running.wait()
    entered = place.query("select coalesce(sum(source_rows), 0) from raw._windows")
    assert place.query("select count(*) from raw.t") == entered, "rows and their ledger entries commit together"
    document = load(place, source, "--batch-size", "2000")
    assert document["well"]
    assert written(document) == 60000 - entered[0][0], "windows that were finished are not written again"
    assert sources.differences(source, place) == []


def test_a_wider_type_takes_our_own_views_with_it_and_nobody_elses(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "s.db", "create table t (n numeric)", "insert into t values (1), (2)")
    load(place, source)
    sources.write(source, "insert into t values (2.5)")
    place.query("create schema if not exists staging; create view staging.stg_trades as select * from raw.t")
    for schema, kind in (("public", "view"), ("staging", "view"), ("public", "materialized view")):
        place.query(f"create {kind} {schema}.mine as select n from staging.stg_trades")
        done = place.run("python", "-m", "loader.run", "--source", str(source), check=False)
        assert done.returncode == 2
        assert f"{schema}.mine" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert place.query(f"select count(*) from {schema}.mine") == [(2,)]
        place.query(f"drop {kind} {schema}.mine")
    assert load(place, source)["changes"] == ["Column t.n becomes double precision (it was bigint)."]
    assert sources.differences(source, place) == []
    place.query("drop schema staging cascade")


def wait_for_first_window(place: Place) -> None:
    for _ in range(600):
        if place.query("select to_regclass('raw._windows') is not null") == [(True,)] and place.query(
            "select 1 from raw._windows limit 1"
        ):
            return
        time.sleep(0.02)
    raise AssertionError("the loader wrote no window within its time")


def test_a_writer_at_work_is_neither_blocked_nor_read_half(place: Place, tmp_path: Path) -> None:
    for mode in ("wal", "delete"):
        source = tmp_path / f"{mode}.db"
        with closing(sqlite3.connect(source, timeout=2, isolation_level=None)) as writer:
            writer.execute(f"pragma journal_mode = {mode}")
            writer.execute("create table pairs (a integer, b integer)")
            writer.execute("insert into pairs values (1, 1)")
            running = place.start("python", "-m", "loader.run", "--source", str(source))
            number = 1
            while running.poll() is None:
                number += 1
                writer.execute("begin immediate")
                writer.execute("insert into pairs values (?, null)", (number,))
                writer.execute("update pairs set b = a where b is null")
                writer.execute("commit")
                time.sleep(0.002)
            assert running.returncode == 0, running.stdout.read() if running.stdout else ""
            assert place.query("select count(*) from raw.pairs where b is distinct from a") == [(0,)]
            beside = {path.name for path in tmp_path.iterdir() if path.name.startswith(mode)}
            assert beside <= {source.name, f"{source.name}-wal", f"{source.name}-shm"}
        load(place, source)
        assert sources.differences(source, place) == []
        place.query("drop schema raw cascade")


def test_nothing_in_or_beside_the_source_changes(place: Place, source: Path) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in source.parent.iterdir()}

    sources.write(source, "pragma journal_mode = wal")
    before = state()
    load(place, source)
    assert state() == before


def test_a_second_loader_is_told_who_is_at_work(place: Place, source: Path) -> None:
    with only_loader(place.target):
        done = place.run("python", "-m", "loader.run", "--source", str(source), check=False)
    assert done.returncode == 2
    who = "another client" if place.target.name == "embedded" else f"quant loader lock {os.getpid()}, server process"
    assert f"Another loader is filling this database (by {who}" in done.stderr
    assert "Traceback" not in done.stderr
    assert load(place, source)["well"]


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(place: Place, source: Path) -> None:
    sources.write(source, "insert into numbers values ('many', 1, 1, 1)")
    done = place.run("python", "-m", "loader.run", "--source", str(source), "--dry-run", check=False)
    assert done.returncode == 1
    assert "numbers rowid 6, i = many: text in a column of bigint" in done.stdout
    assert place.query("select to_regnamespace('raw') is null") == [(True,)]
    load(place, source)
    sources.write(
        source,
        "alter table texts add column extra text",
        "update texts set extra = 'e' where t = 'NA'",
        "delete from numbers where i = 1",
        "update numbers set r = -0.0 where i = 3",
        "insert into numbers (i) values (4), (5)",
        "insert into keyed values ('c', 3)",
    )
    dry = ("python", "-m", "loader.run", "--source", str(source), "--dry-run")
    assert "Column texts.extra is new" in place.run(*dry, check=False).stdout
    tables = {table["table"]: table for table in json.loads(place.run(*dry, "--json", check=False).stdout)["tables"]}
    told = {name: tuple(table[kind] for kind in ("new", "changed", "gone")) for name, table in tables.items()}
    assert {name: counts for name, counts in told.items() if any(counts)} == {
        "numbers": (2, 1, 1),
        "texts": (0, 1, 0),
        "keyed": (1, 0, 0),
    }
    assert place.query("select count(*) from raw._loads") == [(1,)]
    done = {table["table"]: table for table in load(place, source)["tables"]}
    assert {name: (table["written"], table["removed"]) for name, table in done.items()} == {
        name: (new + changed, changed + gone) for name, (new, changed, gone) in told.items()
    }


def test_chosen_tables_only_and_then_the_rest(place: Place, source: Path) -> None:
    assert [t["table"] for t in load(place, source, "--tables", "texts,keyed")["tables"]] == ["texts", "keyed"]
    document = load(place, source)
    assert document["unchanged"] is False, "a part of the file is not the file"
    assert place.query("select count(*) from raw.numbers") == [(5,)]
    run = ("python", "-m", "loader.run", "--source", str(source))
    done = place.run(*run, "--tables", "nothing,texts,nowhere", check=False)
    assert done.returncode == 2
    assert "There is no table 'nothing', 'nowhere'" in done.stderr
    done = place.run(*run, "--tables", "texts", "--exclude", "texts", check=False)
    assert done.returncode == 2
    assert "No table is left to load" in done.stderr
    assert "1 table with 5 rows is in step" in place.run(*run, "--tables", "numbers").stdout
