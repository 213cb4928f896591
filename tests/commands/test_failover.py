"""The primary is killed amid a load or a build, the standby promoted, and the three commands are run again.

Once by default; `QUANT_FAILOVERS=20` is twenty moments, each of its own seed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread, Timer

import psycopg2
import pytest

from quant.target import Target
from tests.support import native, replicas
from tests.support.dbt_ground import SCHEMA, STAMP, price
from tests.support.places import NO_SERVER, place_on, query
from tests.support.sources import write

FAILOVERS = int(os.environ.get("QUANT_FAILOVERS", "1"))
SECURITY = f"insert into tickers values ('005930', '삼성전자', 'KR', 1, 1, '1975-06-11', '{STAMP}', 'KRX', 'odd')"
LONGEST = 12.0  # seconds that load and build take
COMMANDS = (
    ("python", "-m", "loader.run", "--source"),
    ("dbt", "build", "--exclude-resource-type", "unit_test"),
    ("great_expectations", "checkpoint", "run", "phase1", "--quick", "--no-report", "--source"),
)


@contextmanager
def application(target: Target, confirmed: list[int]) -> Iterator[None]:
    """Writes rows of its own, one by one, until it may not or cannot any more."""
    stop = Event()

    def write() -> None:
        try:
            with closing(target.connect("an application")) as connection:
                connection.autocommit = True
                while not stop.is_set():
                    connection.cursor().execute("insert into app.rows values (%s)", (len(confirmed),))
                    confirmed.append(len(confirmed))
        except psycopg2.Error:
            pass

    writer = Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("seed", range(FAILOVERS))
def test_the_three_commands_pass_on_a_standby_that_was_promoted_amid_them(seed: int, tmp_path: Path) -> None:
    programs = native.with_timescaledb()
    if programs is None:
        pytest.skip(NO_SERVER)
    rows = [price(number, "005930", f"2020-01-{number:02d}", "KR") for number in range(1, 29)]
    path = str(write(tmp_path / "spock.db", *SCHEMA, SECURITY, *rows))
    commands = [[*words, path] if words[-1] == "--source" else list(words) for words in COMMANDS]
    confirmed: list[int] = []
    with replicas.pair(programs) as pair:
        query(
            pair.primary,
            "create extension if not exists timescaledb; create schema app; create table app.rows (id int)",
        )
        killing = Timer(random.Random(seed).uniform(0.5, LONGEST), pair.kill)
        with application(pair.primary, confirmed):
            killing.start()
            for command in commands[:2]:
                place_on(pair.primary, tmp_path).run(*command, check=False)
            killing.join()
        pair.promote()
        place = place_on(pair.standby, tmp_path)
        for command in commands:
            done = place.run(*command, check=False)
            assert done.returncode in (0, 1), done.stdout + done.stderr
        assert "phase1: passed" in done.stdout, done.stdout
        kept = {number for (number,) in place.query("select id from app.rows")}
    assert confirmed
    assert kept >= set(confirmed)
