"""`--quick` reads the parts of the prices that were written to since they were proven, and no hand gets past it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from expectations import catalog
from expectations.parity.since import Proven
from expectations.proofs import Proofs
from expectations.session import open_session
from loader.snapshot import open_snapshot
from tests.support.verdict_ground import PACK, Ground

TABLE = "ohlcv_data"
KEEP = "create table audit.kept as select * from {}; "
OLD = "(select min(date) from public.ohlcv_data where source_rowid is not null)"
PACKED = (
    "select format('%I.%I', p.schema_name, p.table_name) from _timescaledb_catalog.chunk as c"
    " join _timescaledb_catalog.chunk as p on c.compressed_chunk_id = p.id"
    " join pg_inherits on inhrelid = to_regclass(format('%I.%I', c.schema_name, c.table_name))"
    " where inhparent = 'public.ohlcv_data'::regclass order by 1 limit 1"
)
HANDS = {
    "a value in raw": ("update raw.ohlcv_data set close = close + 1 where _rowid = 3", "raw", "_rowid = 3"),
    "two rows of raw that changed places": (
        "update raw.ohlcv_data set _rowid = 7 - _rowid where _rowid in (3, 4)",
        "raw",
        "_rowid in (3, 4)",
    ),
    "a row of raw that is there twice": (
        "insert into raw.ohlcv_data select * from raw.ohlcv_data where _rowid = 3",
        "raw",
        "_rowid = 3",
    ),
    "a column of raw under the name of another": (
        "alter table raw.ohlcv_data rename high to other; alter table raw.ohlcv_data rename low to high;"
        " alter table raw.ohlcv_data rename other to low",
        "",
        "",
    ),
    "a value of the newest chunk": (
        "update public.ohlcv_data set close = close + 1 where source_rowid = (select max(source_rowid)"
        " from public.ohlcv_data where date = (select max(date) from public.ohlcv_data))",
        "public",
        "date = (select max(date) from public.ohlcv_data)",
    ),
    "a value of a compressed chunk": (
        f"update public.ohlcv_data set close = close + 1 where date = {OLD}",
        "public",
        f"date = {OLD}",
    ),
}


@dataclass(frozen=True)
class Compared:
    """What a comparison of the prices found and proved, and what it said of the parts that it read."""

    equal: bool
    proven: dict[str, Proven]
    note: str


@pytest.fixture(scope="module")
def server(grounds: Callable[[str], Ground]) -> Ground:
    """The shared database; all that can be is compressed."""
    ground = grounds("server")
    ground.query(PACK)
    return ground


def compared(ground: Ground, known: dict[str, Proven], source: Path | None = None) -> Compared:
    """Compare the prices as `--quick` does, knowing that."""
    with (
        open_snapshot(source or ground.source) as copy,
        open_session(copy, ground.place.target, catalog.read(), {"fingerprints"}) as session,
    ):
        session.proofs = Proofs(Path(), "", "", 0, known)
        session.compare(lambda *_: None)
        raw, public = session.comparisons[TABLE]
        equal = raw.equal and public is not None and public.equal
        return Compared(equal, session.proofs.found, " ".join(session.notes))


def test_what_nobody_wrote_to_is_not_read(server: Ground) -> None:
    first = compared(server, {})
    assert (first.equal, first.note) == (True, "")
    again = compared(server, first.proven)
    assert again.equal
    assert " 0 were read" in again.note
    assert again.proven == first.proven


@pytest.mark.parametrize("hand", HANDS)
def test_a_hand_is_seen(server: Ground, hand: str) -> None:
    statement, schema, where = HANDS[hand]
    known = compared(server, {}).proven
    if schema:
        table = f"{schema}.{TABLE}"
        keep = KEEP.format(f"{table} where {where}")
        back = f"delete from {table} where {where}; insert into {table} select * from audit.kept; drop table audit.kept"
    else:
        keep, back = "", statement
    with server.planted(keep + statement, back):
        found = compared(server, known)
    assert (found.equal, found.proven) == (False, {})
    server.query(PACK)
    mended = compared(server, known)
    assert mended.equal
    assert (" 0 were read" in mended.note) == (not schema), "rows that were put back are other rows"


def test_a_batch_that_was_deleted_behind_timescaledb_is_seen(server: Ground) -> None:
    known = compared(server, {}).proven
    ((batches,),) = server.query(PACKED)
    back = f"insert into {batches} select * from audit.kept; drop table audit.kept"
    with server.planted(KEEP.format(batches) + f"delete from {batches}", back):
        assert not compared(server, known).equal
    assert compared(server, known).equal


def test_a_changed_source_and_another_quarantine_are_seen(server: Ground, tmp_path: Path) -> None:
    known = compared(server, {}).proven
    newer = tmp_path / "newer.db"
    shutil.copy(server.source, newer)
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("update ohlcv_data set close = close + 1 where rowid = 3")
    assert not compared(server, known, newer).equal
    park = (
        "insert into audit.quarantine (table_name, rowid, key, reason, row, first_seen, last_seen) "
        "values ('ohlcv_data', 3, '{}', 'none', '{}', now(), now())"
    )
    with server.planted(park, "delete from audit.quarantine where table_name = 'ohlcv_data' and rowid = 3"):
        assert not compared(server, known).equal


def test_it_is_kept_beside_the_report_and_believed_while_the_target_knows_its_verdict(
    server: Ground, tmp_path: Path
) -> None:
    def note() -> str:
        outcome = server.run("--only", "fingerprints", "--report", str(tmp_path))
        assert outcome.code == 0, outcome.said
        return " ".join(note for note in outcome.document["notes"] if "parts" in note)

    assert note() == ""
    assert " 0 were read" in note()
    kept = tmp_path / ".phase1-proven.json"
    judged = json.loads(kept.read_text())["judged"]
    server.query("delete from audit.verdicts where judged_at = %s", judged)
    assert note() == ""
    kept.write_text("{}")
    assert note() == ""
