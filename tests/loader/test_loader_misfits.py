"""Rows and values at the edge of what a table of PostgreSQL holds, and changes of which one bit tells."""

from __future__ import annotations

import base64
import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg2.errors
import pytest

from tests.support import sources
from tests.support.loading import load
from tests.support.places import Place

pytestmark = pytest.mark.usefixtures("empty_raw")


def counts(document: dict[str, object], *kinds: str) -> list[tuple[object, ...]]:
    """Those numbers of each table."""
    return [tuple(table[kind] for kind in kinds) for table in document["tables"]]  # type: ignore[attr-defined]


def moved(place: Place, source: Path) -> tuple[int, int]:
    """Rows that a load wrote and removed, as the dry run has said before."""
    [(new, changed, gone)] = counts(load(place, source, "--dry-run"), "new", "changed", "gone")
    [(written, removed)] = counts(load(place, source), "written", "removed")
    assert (written, removed) == (new + changed, changed + gone)  # type: ignore[operator]
    assert sources.differences(source, place) == []
    return written, removed  # type: ignore[return-value]


def test_rows_wider_than_a_page_are_kept_apart_and_no_others(place: Place, tmp_path: Path) -> None:
    chance = random.Random(1)
    names = [f"{kind}{number}" for number in range(516) for kind in ("t", "n")]
    kinds = {"t": "text", "n": "real"}  # so many columns that each byte of the NULLs' bitmap counts
    source = sources.write(tmp_path / "s.db", f"create table t ({', '.join(f'{n} {kinds[n[0]]}' for n in names)})")
    for _ in range(60):
        share = chance.uniform(0.2, 0.8)
        values = [chance.uniform(1, 2) if name[0] == "n" else _text(chance) for name in names]
        row = [value if chance.random() < share else None for value in values]
        sources.write(source, (f"insert into t values ({', '.join('?' * len(names))})", row))
    [(dry,)] = counts(load(place, source, "--dry-run"), "rejected")
    [(rejected,)] = counts(load(place, source), "rejected")
    assert rejected == len(dry)  # type: ignore[arg-type]
    assert 0 < rejected < 60  # type: ignore[operator]
    assert sources.differences(source, place) == []
    blamed = place.query('select column_name, value, "row" from raw.rejected_rows')
    for column, value, row in blamed:  # PostgreSQL itself finds the width that was worked out
        assert column == "*"
        assert isinstance(value, str)
        with pytest.raises(psycopg2.errors.ProgramLimitExceeded, match=f"size {value.split()[0].replace(',', '')},"):
            place.query(
                "create temporary table wide (like raw.t); "
                "insert into wide select (json_populate_record(null::wide, %s)).*",
                json.dumps(row | {"_rowid": 1, "_load_id": 1}),  # type: ignore[operator]
            )


def _text(chance: random.Random) -> str:
    """One that no compression makes shorter."""
    return base64.b85encode(chance.randbytes(chance.choice((1, 8, 17, 18, 19, 40)))).decode()


def test_fractions_among_integers_are_held_wherever_they_are(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, volume bigint, huge integer)",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) "
        "insert into t select i, i, 1152921504606846976 + i from n",
    )
    assert moved(place, source) == (3000, 0)
    sources.write(source, "update t set volume = volume + 0.25, huge = 0.5 where id = 1500")
    document = load(place, source, "--dry-run")
    assert document["changes"] == ["Column t.volume becomes double precision (it was bigint)."]
    assert counts(document, "new", "changed", "gone") == [(0, 0, 1)]
    document = load(place, source)
    assert (document["rejected"], sources.differences(source, place)) == (1, [])
    assert place.query("select reason from raw.rejected_rows") == [("a real number in a column of bigint",)]
    sources.write(source, "update t set huge = 1 where id = 1500")
    assert moved(place, source) == (1, 0)
    assert place.query("select volume from raw.t where id = 1500") == [(1500.25,)]


def test_a_commit_into_the_log_of_an_open_writer_is_a_change(place: Place, tmp_path: Path) -> None:
    source = sources.write(tmp_path / "s.db", "pragma journal_mode = wal", "create table t (a)")
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("pragma wal_autocheckpoint = 0")
        writer.execute("insert into t values (1)")
        assert moved(place, source) == (1, 0)
        main = source.read_bytes()
        writer.execute("insert into t values (2)")
        assert source.read_bytes() == main
        assert moved(place, source) == (1, 0)
        assert load(place, source)["unchanged"]


def test_a_rejected_row_that_is_rejected_for_another_value_is_kept_anew(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, r real)",
        "insert into t values (1, 1.5), (2, 'old')",
    )
    load(place, source)
    sources.write(source, "update t set r = 'new' where id = 2")
    assert moved(place, source) == (0, 0)
    assert place.query("select value from raw.rejected_rows") == [("new",)]


def test_a_zero_that_changes_its_sign_alone_is_a_change(place: Place, tmp_path: Path) -> None:
    source = sources.write(
        tmp_path / "s.db",
        "create table t (id integer primary key, v)",  # in a column of reals SQLite keeps a zero without its sign
        "insert into t values (1, 0.0), (2, 1.5)",
    )
    load(place, source)
    sources.write(source, "update t set v = -0.0 where id = 1")
    assert moved(place, source) == (1, 1)
