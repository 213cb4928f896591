"""Books of the loader that were emptied, dropped or put back by hand: the truth is compared, and wins."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from loader.plan import Window
from loader.write import conditions
from tests.support import sources
from tests.support.loading import load
from tests.support.places import Place

pytestmark = pytest.mark.usefixtures("empty_raw")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, v text)",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 50) insert into t select i, i from n",
        "create table u (a)",
        "insert into u values (1)",
    )


@pytest.mark.parametrize("lost", ["truncate raw._loads", "drop table raw._loads", "delete from raw._loads"])
def test_numbers_of_loads_never_go_back(place: Place, source: Path, lost: str) -> None:
    for number in range(3):
        sources.write(source, f"update t set v = 'new {number}' where id = 1")
        last = load(place, source)["load_id"]
    place.query(lost)
    sources.write(source, "update t set v = 'newer' where id = 1")
    assert load(place, source)["load_id"] == last + 1  # type: ignore[operator]
    noted = "select outcome from raw._loads where load_id = %s"
    assert place.query(noted, last) == [("its note was lost",)]


def test_the_rows_themselves_tell_the_last_number_where_no_book_does(place: Place, source: Path) -> None:
    load(place, source)
    sources.write(source, "update t set v = 'new' where id = 1")
    last = load(place, source)["load_id"]
    place.query("truncate raw._loads, raw._tables, raw._windows, raw._removed")
    assert load(place, source)["load_id"] == last + 1  # type: ignore[operator]
    assert sources.differences(source, place) == []


def test_a_build_that_knows_a_later_load_is_believed(place: Place, source: Path) -> None:
    place.query("create schema audit; create table audit.build_state (relation text, load_id bigint)")
    place.query("insert into audit.build_state values ('t', 41)")
    assert load(place, source)["load_id"] == 42
    place.query("drop schema audit cascade")


LOSSES = {
    "rows": "delete from raw.t where _rowid = 3",
    "rows, and the line of the table": "delete from raw.t where _rowid = 3; delete from raw._tables",
    "a table and its line": "drop table raw.t; delete from raw._tables where table_name = 't'",
    "a table and all of its books": "drop table raw.t; delete from raw._tables where table_name = 't'; "
    "delete from raw._windows where table_name = 't'",
    "a row that is there twice": "insert into raw.t select * from raw.t where _rowid in (3, 4); "
    "insert into raw.t select distinct * from raw.t where _rowid = 3",
    "a row of nobody": "insert into raw.t values (1000, 'x', 1000, 1)",
    "all books": "truncate raw._loads, raw._tables, raw._windows, raw._removed; delete from raw.t where _rowid > 9",
    "books dropped": "drop table raw._tables, raw._windows; delete from raw.t where _rowid > 9",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_was_lost_or_added_behind_the_ledger_is_mended_though_the_file_is_the_same(
    place: Place, source: Path, loss: str
) -> None:
    load(place, source)
    place.query(LOSSES[loss])
    [told] = [table for table in load(place, source, "--dry-run")["tables"] if table["table"] == "t"]  # type: ignore[attr-defined]
    document = load(place, source)
    [done] = [table for table in document["tables"] if table["table"] == "t"]  # type: ignore[attr-defined]
    assert document["well"]
    assert done["written"] == told["new"] + told["changed"]
    assert sources.differences(source, place) == []
    assert load(place, source)["unchanged"]


def test_lost_notes_of_removed_rows_begin_anew(place: Place, source: Path) -> None:
    def since() -> object:
        return place.query("select noted_since from raw._tables where table_name = 't'")[0][0]

    first = load(place, source)["load_id"]
    sources.write(source, "delete from t where id in (1, 2)")
    load(place, source)
    assert since() == first
    place.query("truncate raw._removed")
    document = load(place, source)
    assert not document["unchanged"]
    assert since() == document["load_id"]
    assert load(place, source)["unchanged"]


@pytest.mark.parametrize("doubtful", [False, True])
def test_rows_are_compared_by_joins(place: Place, source: Path, doubtful: bool) -> None:
    load(place, source)
    wrong = conditions("raw.t", ["id", "v"], Window(0, 99, 50), doubtful)
    with closing(place.target.connect("tests")) as connection, connection.cursor() as cursor:
        cursor.execute("create temporary table _incoming (like raw.t)")
        for one in wrong:
            cursor.execute(f"explain delete from raw.t as t where {one}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Join" in plan
            assert "SubPlan" not in plan  # which is run for every row
