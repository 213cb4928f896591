"""Raw after its source, or raw itself, has changed its shape: as if it had been so from the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import sources
from tests.support.loading import load
from tests.support.places import Place

pytestmark = pytest.mark.usefixtures("empty_raw")


def test_rows_that_a_new_type_makes_fit_are_taken_in(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "s.db", "create table t (a)", "insert into t values (1), (2)")
    assert load(place, source)["rejected"] == 0
    sources.write(source, "update t set a = 'text'")
    assert load(place, source)["rejected"] == 2, "the column still has its integers"
    sources.write(source, "create table other (x)")
    assert "Column t.a becomes text (it was bigint)." in load(place, source)["changes"]
    assert place.query("select a from raw.t") == [("text",), ("text",)]
    assert sources.differences(source, place) == []


def test_another_file_than_the_last_one_is_told(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "spock.db", "create table t (a)", "insert into t values (1)")
    other = sources.write(tmp_path / "sample.db", "create table t (a)", "insert into t values (2)")
    assert load(place, source)["changes"] == []
    told = ["The last load was of spock.db; from now on raw follows sample.db."]
    assert load(place, other, "--dry-run")["changes"] == told
    assert load(place, other)["changes"] == told
    sources.write(other, "insert into t values (3)")
    assert load(place, other)["changes"] == []


def test_a_dry_run_foretells_a_column_of_another_type(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "s.db", "create table t (a, b real)", "insert into t (b) values (1.5), (2)")
    load(place, source)
    sources.write(source, "update t set a = x'00' where b = 2")
    (table,) = load(place, source, "--dry-run")["tables"]
    assert (table["new"], table["changed"], table["columns"]) == (0, 1, {"a": "bytea", "b": "double precision"})
    (table,) = load(place, source)["tables"]
    assert (table["written"], table["removed"]) == (1, 1)
    assert sources.differences(source, place) == []


def test_a_column_of_an_empty_table_arrives(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "s.db", "create table t (a)")
    load(place, source)
    sources.write(source, "alter table t add column b")
    assert load(place, source)["changes"] == ["Column t.b is new (text)."]
    assert place.query("select a, b from raw.t") == []
    assert load(place, source, "--full-refresh")["changes"] == []


@pytest.mark.parametrize(
    "harm",
    [
        "drop table raw.t",
        "drop table raw.t, raw.other",
        "alter table raw.t drop column b",
        "delete from raw.rejected_rows",
        "delete from raw._windows where low = 0",
        "update raw._windows set rejected_rows = 0",
    ],
)
@pytest.mark.parametrize("touched", [False, True])
def test_what_was_taken_from_raw_comes_back(place: Place, tmp_path: Path, harm: str, touched: bool) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, a integer, b text)",
        "insert into t values (1, 1, 'x'), (2, 'many', 'y'), (20, 4, 'z')",
        "create table other (x)",
    )
    load(place, source, "--batch-size", "16")
    place.query(harm)
    if touched or "_windows" in harm:
        sources.write(source, "insert into other values (1)")
    assert load(place, source, "--batch-size", "16")["warnings"] == []
    assert sources.differences(source, place) == []
    assert load(place, source)["unchanged"] is True


def test_a_table_that_is_gone_may_be_dropped_from_raw(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "s.db", "create table t (a)", "create table u (a)", "insert into t values (1)")
    load(place, source)
    sources.write(source, "drop table t")
    gone = "Table t is gone from the source; raw keeps its last state, until you drop it there."
    assert load(place, source)["changes"] == [gone]
    place.query("drop table raw.t")
    assert load(place, source)["changes"] == []
    assert (
        place.query("select 1 from raw._tables full join raw._windows using (table_name) where table_name = 't'") == []
    )
    assert load(place, source)["unchanged"] is True


def test_a_type_that_somebody_gave_a_column_is_named(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "s.db", "create table t (a text)", "insert into t values ('2024-01-05')")
    load(place, source)
    place.query("alter table raw.t alter a type date using a::date")
    done = place.run("python", "-m", "loader.run", "--source", str(source), check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "loader: Column a of raw.t is date, a type that no load makes: drop it, or alter it to text, and run again.\n",
    )
    place.query("alter table raw.t drop column a")
    load(place, source)
    assert sources.differences(source, place) == []


def test_rows_between_windows_that_are_cut_anew_go_and_are_counted(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, a integer)",
        "insert into t values (1, 1), (2, 2), (1000, 3), (1001, 'many')",
    )
    load(place, source, "--batch-size", "16")
    sources.write(source, "delete from t where id >= 1000")
    document = load(place, source, "--batch-size", "32")
    assert (document["rejected"], [table["removed"] for table in document["tables"]]) == (0, [1])
    assert place.query("select rowid from raw._removed") == [(1000,)]
    assert place.query("select low, high from raw._windows") == [(0, 31)]
    assert sources.differences(source, place) == []
