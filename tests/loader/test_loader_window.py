"""A window that is too large to be read at once is refused, for the driver would write beyond its memory."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from loader import plan, window
from loader.snapshot import Snapshot
from quant.errors import UserError
from tests.support import sources


@pytest.mark.parametrize(("bits", "fits"), [(4, False), (0, True)])
def test_a_column_of_too_many_bytes_says_how_to_make_them_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int, fits: bool
) -> None:
    path = sources.write(tmp_path / "s.db", "create table t (a integer, b blob)")
    sources.write(path, *[("insert into t values (?, zeroblob(9000))", (number,)) for number in range(3)])
    monkeypatch.setattr(window, "LARGEST_COLUMN", 20_000)
    snapshot = Snapshot(path, path, "")
    with closing(snapshot.connect()) as connection:
        (table,) = plan.make(connection, window_bits=bits).tables
    if fits:
        assert [window.read(snapshot, table, some).rows.num_rows for some in table.windows] == [1, 1, 1]
    else:
        with pytest.raises(UserError, match=r"Column b of t holds 27,000 bytes in the rows 0 to 15, .*batch-size\.$"):
            window.read(snapshot, table, table.windows[0])


def contents(path: Path, bits: int = 4) -> list[window.Content]:
    """What the windows of the file's one table hold."""
    snapshot = Snapshot(path, path, "")
    with closing(snapshot.connect()) as connection:
        (table,) = plan.make(connection, window_bits=bits).tables
    return [window.read(snapshot, table, some) for some in table.windows]


def test_what_does_not_fit_is_set_apart_with_the_whole_row(tmp_path: Path) -> None:
    path = sources.write(
        tmp_path / "s.db",
        "create table t (r real, t text, v)",
        *["insert into t values (0.5, 'good', 1.5)"] * 3,
        "insert into t values (0.5, cast(x'610062' as text), -0.0)",
        "insert into t values (0.5, cast(x'ff' as text), 1e16)",
        "insert into t values ('N/A', 'good', x'01')",
    )
    [found] = contents(path)
    assert found.rows.column("t").to_pylist() == ["good"] * 3
    assert [(one.rowid, one.column, one.value, one.reason) for one in found.rejected] == [
        (4, "t", "a\\0b", "text with a NUL character, which PostgreSQL cannot hold"),
        (5, "t", "\\xff", "text that is not UTF-8"),
        (6, "r", "N/A", "text in a column of double precision"),
    ]
    assert [json.loads(one.row) for one in found.rejected] == [
        {"r": 0.5, "t": {"text": "610062"}, "v": {"real": "-0.0"}},
        {"r": 0.5, "t": {"text": "ff"}, "v": {"real": "1e+16"}},
        {"r": "N/A", "t": "good", "v": {"blob": "01"}},
    ]


def test_a_text_with_a_nul_alone_in_its_window_does_not_fit(tmp_path: Path) -> None:
    path = sources.write(
        tmp_path / "s.db", "create table t (t text)", "insert into t values ('good'), (cast(x'610062' as text))"
    )
    assert [len(one.rejected) for one in contents(path)] == [1]


def test_another_rejected_value_is_another_fingerprint(tmp_path: Path) -> None:
    path = sources.write(tmp_path / "s.db", "create table t (r real)", "insert into t values ('a'), (1.5)")
    [before] = contents(path)
    sources.write(path, "update t set r = 'b' where rowid = 1")
    [after] = contents(path)
    assert before.rows == after.rows
    assert before.fingerprint != after.fingerprint


def test_integers_and_nulls_among_them_are_doubles_where_the_column_is(tmp_path: Path) -> None:
    path = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, d decimal, note text)",
        f"insert into t values (0, 1, '{'x' * 9000}'), (1, null, ''), (2, 2.5, ''), (3, null, ''), (4, 7.5, '')",
    )
    assert [one.rows.column("d").to_pylist() for one in contents(path, bits=1)] == [[1.0, None], [2.5, None], [7.5]]


@pytest.mark.parametrize(("columns", "fits"), [(450, True), (456, False)])
def test_a_row_that_no_page_holds_is_set_apart(tmp_path: Path, columns: int, fits: bool) -> None:
    names = ", ".join(f"c{number} text" for number in range(columns))
    path = sources.write(tmp_path / "s.db", f"create table t ({names})")
    sources.write(path, (f"insert into t values ({', '.join('?' * columns)})", ["x" * 30] * columns))
    sources.write(path, "insert into t (c0) values ('small')")
    [found] = contents(path)
    assert found.rows.num_rows == 1 + fits
    assert [(one.rowid, one.column) for one in found.rejected] == ([] if fits else [(1, "*")])
