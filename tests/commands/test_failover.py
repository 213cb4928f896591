"""The primary is killed amid load, build or policies, the standby promoted, and the three commands are run again.

Once by default; `QUANT_FAILOVERS=20` is twenty moments, each of its own seed.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from threading import Timer

import pytest

from tests.support import native, replicas
from tests.support.dbt_ground import clean_source
from tests.support.places import NO_SERVER, place_on, query

FAILOVERS = int(os.environ.get("QUANT_FAILOVERS", "1"))
LONGEST = 12.0  # seconds that load, build and policies take
POLICIES = ("dbt", "run-operation", "run_policies")
COMMANDS = (
    ("python", "-m", "loader.run", "--source"),
    ("dbt", "build"),
    ("great_expectations", "checkpoint", "run", "phase1", "--quick", "--no-report", "--source"),
)


@pytest.mark.parametrize("seed", range(FAILOVERS))
def test_the_three_commands_pass_on_a_standby_that_was_promoted_amid_them(seed: int, tmp_path: Path) -> None:
    programs = native.with_timescaledb()
    if programs is None:
        pytest.skip(NO_SERVER)
    path = str(clean_source(tmp_path / "spock.db"))
    commands = [[*words, path] if words[-1] == "--source" else list(words) for words in COMMANDS]
    confirmed: list[int] = []
    with replicas.pair(programs) as pair:
        query(
            pair.primary,
            "create extension if not exists timescaledb; create schema app; create table app.rows (id int)",
        )
        killing = Timer(random.Random(seed).uniform(0.5, LONGEST), pair.kill)
        with replicas.application(pair.primary, confirmed):
            killing.start()
            for command in (*commands[:2], POLICIES):
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
