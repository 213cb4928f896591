"""All of a run is read as of one moment, whatever others write meanwhile; on both targets."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2
import pytest

from expectations import catalog, moment
from expectations.parity import target as arrow
from quant.errors import UserError
from quant.server.lock import BUILD, LOAD
from tests.support.verdict_ground import Ground
from tests.support.writer import writing

BY_APPLICATION = """
    insert into public.trades (ticker, region, side, order_type, quantity, price, amount, order_time)
    select ticker, region, 'APP', 'LIMIT', 1, 1, 1, now() from public.tickers limit 1
"""


def test_an_application_at_work_is_no_alarm(migrated: Ground) -> None:
    times = []

    def write(cursor: Any) -> None:
        cursor.execute(BY_APPLICATION)
        times.append(cursor.statusmessage)

    with (
        migrated.planted("select 1", "delete from public.trades where side = 'APP'"),
        writing(migrated.place.target, write, pause=0.01),
    ):
        outcome = migrated.run("--only", "counts", "--only", "values", "--only", "columns", "--only", "keys")
    assert (outcome.code, outcome.failed) == (0, {})
    ((written,),) = migrated.query("select count(*) from public.trades where side = 'APP'")
    assert written == 0
    assert len(times) > 1


def test_every_driver_reads_as_of_the_moment_where_one_can_be_held(migrated: Ground) -> None:
    target = migrated.place.target
    counting = "select count(*) from public.market_sentiment"
    ((before,),) = migrated.query(counting)
    with (
        migrated.planted("select 1", "delete from public.market_sentiment where vix = -1"),
        moment.held(target, catalog.read()) as held,
        closing(target.connect("tests")) as plain,
        arrow.connect(target) as stream,
    ):
        migrated.query("insert into public.market_sentiment (date, vix) values ('2098-01-01', -1)")
        plain.autocommit = True
        with plain.cursor() as cursor, stream.cursor() as streaming:
            held.join(cursor.execute)
            held.join(streaming.execute)
            cursor.execute(counting)
            streaming.execute(counting)
            counts = {cursor.fetchone()[0], streaming.fetchone()[0]}
            with pytest.raises(psycopg2.Error):
                cursor.execute("select nothing from nowhere")
            held.join(cursor.execute)
            cursor.execute(counting)
            counts.add(cursor.fetchone()[0])
    assert counts == {before if held.snapshot else before + 1}
    assert bool(held.snapshot) == (target.name == "server")


def test_what_is_read_is_not_truncated_meanwhile_and_whoever_has_its_lock_is_named(
    migrated: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    target = migrated.place.target
    lock = "lock table public.ohlcv_data in access exclusive mode"
    with closing(target.connect("a builder")) as connection, connection.cursor() as cursor:
        with moment.held(target, catalog.read()) as held:
            if held.snapshot:
                with pytest.raises(psycopg2.errors.LockNotAvailable):
                    cursor.execute(f"{lock} nowait")
                connection.rollback()
        cursor.execute(lock)  # the session that held it may still be ending
        if held.snapshot:
            with (
                pytest.raises(
                    UserError,
                    match=r"lock on public.ohlcv_data, which session \d+ \(user .* a builder \d+, idle in .*\) has",
                ),
                moment.held(target, catalog.read(), limit=1),
            ):
                pass
            assert "Waiting for a lock on public.ohlcv_data" in capsys.readouterr().err
        connection.rollback()


@pytest.mark.parametrize(("key", "what"), [(LOAD, "A load"), (BUILD, "A build")])
def test_who_is_at_work_is_named_and_changes_no_verdict(migrated: Ground, key: int, what: str) -> None:
    with closing(migrated.place.target.connect("somebody")) as connection:
        connection.autocommit = True
        connection.cursor().execute("select pg_advisory_lock(%s)", (key,))
        unfinished = "update raw._loads set finished_at = null; update raw._tables set raw_rows = 0"
        undo = (
            "update raw._loads as l set finished_at = k.finished_at from public.kept as k where k.load_id = l.load_id; "
            "update raw._tables set raw_rows = source_rows; drop table public.kept"
        )
        with migrated.planted(f"create table public.kept as table raw._loads; {unfinished}", undo):
            outcome = migrated.run("--only", "counts", "--only", "values")
        connection.cursor().execute("select pg_advisory_unlock(%s)", (key,))
    expected = 0 if key == LOAD else 1  # a build writes none of the loader's books
    assert outcome.code == expected
    assert [note.split(" is at work")[0] for note in outcome.document["notes"] if "at work" in note] == [what]
