"""Names that mean something to a library on the way: they reach raw unharmed, in the first load and in later ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests import sources
from tests.loading import load
from tests.places import Place

pytestmark = pytest.mark.usefixtures("empty_raw")


def in_step(place: Place, source: Path) -> bool:
    """Load in windows of four rows, none of them rejected, and compare."""
    assert load(place, source, "--batch-size", "4")["well"]
    return sources.differences(source, place) == []


def test_a_percent_sign_in_a_name_is_no_place_for_a_value(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        'create table "return%s" (id integer primary key, "수익률%" real, "%(x)s" text)',
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) "
        'insert into "return%s" select i, i / 7.0, i from n',
    )
    assert in_step(place, source)
    sources.write(source, 'update "return%s" set "수익률%" = -1 where id = 3', 'delete from "return%s" where id = 9')
    assert in_step(place, source)


def test_a_column_renamed_in_its_case_alone_is_another_column(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, close real, _LOAD_ID text)",
        "insert into t values (1, 1.5, 'x')",
    )
    assert in_step(place, source)
    sources.write(source, "alter table t rename column close to Close")
    assert load(place, source, "--batch-size", "4")["changes"] == [
        "Column t.Close is new (double precision).",
        "Column t.close is gone from the source; raw keeps it.",
    ]
    assert sources.differences(source, place) == []
    sources.write(source, "alter table t add column volume integer", "insert into t values (2, 2.5, 'y', 3)")
    assert in_step(place, source)


def test_columns_may_take_all_names_of_the_rowid(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db", "create table t (rowid, oid, _rowid_)", "insert into t values (1, 2, 3), (1, 2, 3)"
    )
    load(place, source)
    assert place.query("select _rowid, rowid, oid, _rowid_ from raw.t order by 1") == [(1, 1, 2, 3), (2, 1, 2, 3)]


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
@pytest.mark.parametrize("kind", ["", "text"])
def test_a_function_of_the_writing_program_is_named(
    place: Place, tmp_path: Path, kind: str, more: tuple[str, ...]
) -> None:
    source = sources.write(tmp_path / "s.db", "create table u (a)")
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.create_function("own", 1, str, deterministic=True)
        connection.execute(f"create table t (a text, b {kind} as (own(a)))")
    done = place.run("python", "-m", "loader.run", "--source", str(source), *more, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"loader: {source} cannot be read: SQLite says unknown function: own(). ")
    assert len(done.stderr.splitlines()) == 1


def test_a_table_may_be_named_like_anything_of_another(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, a)",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) insert into t select i, i from n",
        "create table t_by_rowid (a)",
        "insert into t_by_rowid values (1)",
    )
    assert in_step(place, source)
    for number in (2, 3):
        sources.write(source, f"update t set a = {number}")
        assert in_step(place, source)
    ((index,),) = place.query("select indexname from pg_indexes where schemaname = 'raw' and tablename = 't'")
    assert index not in sources.tables(source)


@pytest.mark.parametrize("made", ['create table "" (a)', 'create table t ("" integer)'])
def test_an_empty_name_is_refused_in_a_sentence(place: Place, tmp_path: Path, made: str) -> None:
    done = place.run("python", "-m", "loader.run", "--source", str(sources.write(tmp_path / "s.db", made)), check=False)
    assert done.returncode == 2
    assert "has an empty name, which PostgreSQL cannot hold: rename it." in done.stderr
