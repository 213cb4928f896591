"""Names that mean something to a library on the way: they reach raw unharmed, in the first load and in later ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import sources
from tests.support.loading import load
from tests.support.places import Place

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


NAMES = (
    "",
    " ",
    "a ",
    " a",
    "\x1b[2J\u202eevil\n",
    "\x1f",
    '"',
    "_rowid",
    "_load_id",
    "xmin",
    "n" * 64,
    "가" * 22,
    ";",
    "%s",
)


def test_names_that_raw_cannot_have_or_that_steer_a_terminal(place: Place, tmp_path: Path) -> None:
    columns = ", ".join(f"{sources.quoted(name)} integer" for name in NAMES)
    source = sources.write(tmp_path / "s.db")
    for table in (*NAMES, "_loads", "rejected_rows", "_dlt_version"):
        sources.write(source, f"create table {sources.quoted(table)} ({columns})")
        sources.write(source, f"insert into {sources.quoted(table)} values ({', '.join(map(str, range(len(NAMES))))})")
    tables = load(place, source, "--dry-run")["tables"]
    assert [table["new"] for table in tables] == [1] * (len(NAMES) + 3)  # type: ignore[attr-defined]
    assert load(place, source)["well"]
    for table in tables:  # type: ignore[attr-defined]
        [row] = place.query(f"select * from raw.{sources.quoted(table['table'])}")
        assert row[:-2] == tuple(range(len(NAMES)))
    for words in ((), ("--dry-run",), ("status",)):
        more = () if words == ("status",) else ("--source", str(source), "--full-refresh", "--progress", "none")
        done = place.run("python", "-m", "loader.run", *words, *more)
        assert all(line.isprintable() for line in (done.stdout + done.stderr).splitlines())
    assert "\\x1b[2J\\u202eevil\\n" in done.stdout


def test_tables_that_cannot_be_loaded_are_named_and_all_others_are(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (a)",
        "insert into t values (1)",
        f"create table wide ({', '.join(f'c{number} integer' for number in range(1599))})",
        f"create table grows ({', '.join(f'c{number} integer' for number in range(900))})",
        "create table named (a)",
        "create table headed (a)",
    )
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("pragma writable_schema = on")
        rewrite = "update sqlite_master set {} = cast(replace(cast({} as blob), ?, ?) as text) where name = ?"
        connection.execute(rewrite.format("sql", "sql"), (b"(a)", b"(\xe9)", "headed"))
        for column in ("sql", "tbl_name", "name"):
            connection.execute(rewrite.format(column, column), (b"named", b"\xe9", "named"))
    left_out = ["Table headed is not loaded", "Table \\xe9 is not loaded", "Table wide is not loaded"]
    assert [line[: line.index(":")] for line in load(place, source, "--dry-run")["changes"]] == left_out  # type: ignore[attr-defined]
    document = load(place, source)
    assert [line[: line.index(":")] for line in document["warnings"]] == left_out  # type: ignore[attr-defined]
    assert {table["table"] for table in document["tables"]} == {"t", "grows"}  # type: ignore[attr-defined]
    assert load(place, source, "--tables", "t,grows")["well"]
    with closing(sqlite3.connect(source)) as connection, connection:
        for number in range(900):
            connection.execute(f"alter table grows rename column c{number} to d{number}")
    for more in ("--dry-run",), ():
        said = str(load(place, source, *more, "--tables", "t,grows"))
        assert "Table grows is not loaded: its 900 columns, the 2 of the loader and those that raw has had" in said
