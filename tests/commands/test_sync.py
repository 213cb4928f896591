"""One command for a night: what changed is loaded, built and judged, and nothing else is done."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from quant.commands import quiet
from quant.server.lock import SYNC, held
from tests.support.places import KINDS, Place, place_on
from tests.support.sources import write

Make = Callable[[str], AbstractContextManager[Place]]
COUNT = "select count(*)::int from audit.verdicts"
WITHOUT = {"QUANT_FACTORS": "false"}  # where they are not the point
LONG = 300.0  # seconds after which a test gives up waiting


@dataclass(frozen=True)
class Night:
    """A file and a target."""

    place: Place
    source: Path
    room: Path

    @property
    def words(self) -> list[str]:
        return [
            "python",
            "-m",
            "quant",
            "sync",
            "--source",
            str(self.source),
            "--log",
            str(self.room / "sync.log"),
            "--report",
            str(self.room / "reports"),
            "--progress",
            "none",
        ]

    def sync(self, *more: str, **environment: str) -> CompletedProcess[str]:
        return self.place.run(*self.words, *more, check=False, **environment)

    @property
    def verdicts(self) -> int:
        [(count,)] = self.place.query(COUNT)
        assert isinstance(count, int)
        return count


@pytest.fixture(scope="module", params=KINDS)
def night(
    request: pytest.FixtureRequest, make_place: Make, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Night]:
    """After a first sync, with factors, as by default."""
    room = tmp_path_factory.mktemp("sync")
    with make_place(request.param) as place:
        del place.environment["QUANT_FACTORS"]
        place.run("python", "-m", "loader.sample", "--rows", "5000", "--dirt", "none", "--output", str(room / "s.db"))
        made = Night(place, room / "s.db", room)
        done = made.sync()
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.fullmatch(r"sync: passed: [\d,]+ rows, 0 errors, \d+ warnings?, \d+\.\d s\n", done.stdout)
        yield made


def test_a_sync_says_each_step_and_keeps_verdict_log_and_report(night: Night) -> None:
    [(command, passed, quick, suites, source)] = night.place.query(
        "select command, passed, quick, suites, (rows -> 'ohlcv_data' ->> 'source')::int from audit.verdicts "
        "order by judged_at limit 1"
    )
    assert (command, passed, quick, source) == ("sync", True, True, 5000)
    assert suites == ["counts", "fingerprints", "health"]
    log = (night.room / "sync.log").read_text()
    assert [step for step in ("load: ", "build: ", "verdict: ", "sync: passed") if step not in log] == []
    assert (night.room / "reports" / "phase1-quick.html").exists()
    scored = "select count(*) > 0 from factor_scores where factor_name = 'composite' and percentile is not null"
    assert night.place.query(scored) == [(True,)]


def test_the_status_shows_what_was_done(night: Night) -> None:
    done = night.place.run("python", "-m", "quant", "status", "--json")
    found = json.loads(done.stdout)
    assert all(found[step]["well"] for step in ("load", "build", "verdict"))
    tables = {table["name"]: table for table in found["tables"]}
    [(rows, newest)] = night.place.query("select count(*), max(date)::text from ohlcv_data")
    assert (tables["ohlcv_data"]["rows"], tables["ohlcv_data"]["newest"]) == (rows, newest)
    assert tables["ohlcv_monthly"]["rows"] > 0
    assert {job["name"] for job in found["jobs"]} >= {"compression", "refresh"}
    screen = night.place.run("python", "-m", "quant", "status").stdout
    assert [
        word for word in ("phase1 --quick: passed", "ohlcv_yearly", "next run", f"{rows:,}") if word not in screen
    ] == []
    assert max(map(len, screen.splitlines())) <= 120


def test_what_has_not_changed_is_not_done_again(night: Night) -> None:
    before = night.verdicts
    done = night.sync("--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["unchanged"], document["steps"]) == (0, True, {})
    assert night.verdicts == before


def test_a_change_is_taken_over(night: Night) -> None:
    before = night.verdicts
    write(night.source, "update ohlcv_data set close = close + 1 where id = (select max(id) from ohlcv_data)")
    done = night.sync("--json", "--progress", "log")
    document = json.loads(done.stdout)
    assert (document["exit_code"], document["steps"]["load"]["document"]["written"]) == (0, 1)
    counted = [(int(done), int(total)) for done, total in re.findall(r"(\d+) of (\d+) nodes", done.stderr)]
    assert [pair for pair in counted if pair[0] > pair[1]] == []
    assert document["steps"].keys() == {"load", "build", "verdict"}
    assert night.verdicts == before + 1


def test_what_is_not_well_is_told(night: Night) -> None:
    told = night.room / "told.json"
    night.place.query(
        "update ohlcv_data set close = close + 7 where source_rowid = (select max(source_rowid) from ohlcv_data)"
    )
    # only the file says that there is something to do
    assert json.loads(night.sync("--json", **WITHOUT).stdout)["unchanged"]
    done = night.sync("--anew", "--on-failure", f"cat > {told}", **WITHOUT)
    night.place.query(
        "update ohlcv_data set close = close - 7 where source_rowid = (select max(source_rowid) from ohlcv_data)"
    )
    assert done.returncode == 1
    assert done.stdout.startswith("sync: done, but something is not well: ")
    document = json.loads(told.read_text())
    assert (document["exit_code"], document["steps"]["verdict"]["code"]) == (1, 1)
    assert any("ohlcv_data" in error for error in document["steps"]["verdict"]["errors"])
    after = night.sync("--json", **WITHOUT)  # a verdict that failed is asked again
    assert (after.returncode, json.loads(after.stdout)["unchanged"]) == (0, False)


def test_it_stops_where_a_step_could_not_run(night: Night) -> None:
    before, told = night.verdicts, night.room / "stopped.json"
    done = night.place.run(
        "python",
        "-m",
        "quant",
        "sync",
        "--source",
        str(night.room / "none.db"),
        "--log",
        str(night.room / "sync.log"),
        "--on-failure",
        f"cat > {told}; exit 3",
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("sync: could not run: 1 error")
    assert "There is no file" in json.loads(told.read_text())["error"]
    assert "the command of --on-failure ended with 3" in done.stderr
    assert night.verdicts == before


def test_two_do_not_work_at_once(night: Night) -> None:
    with held(night.place.target, SYNC, "nightly"):
        done = night.sync()
    assert done.returncode == 2
    assert "Another sync is at work on " in done.stderr
    if night.place.target.name == "server":
        assert f"nightly lock {os.getpid()}" in done.stderr


def test_it_follows_a_file(night: Night) -> None:
    log = night.room / "follow.log"
    words = [*night.words, "--follow", "--log", str(log)]
    process = night.place.start(*words, **WITHOUT)
    try:
        wait(log, 1)
        write(night.source, "update ohlcv_data set close = close + 1 where id = (select min(id) from ohlcv_data)")
        wait(log, 2)
        assert "1 written" in log.read_text()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=LONG)
    finally:
        process.kill()
    assert process.returncode == 0
    assert said.endswith("sync: ended.\n")


def wait(log: Path, runs: int) -> None:
    """For so many closing lines in a log."""
    end = time.monotonic() + LONG
    while not (log.exists() and len(re.findall(r"sync: passed", log.read_text())) >= runs):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)


def test_the_checkpoint_keeps_its_verdict_where_the_role_may_write(night: Night, tmp_path: Path) -> None:
    before = night.verdicts
    words = (
        "great_expectations",
        "checkpoint",
        "run",
        "phase1",
        "--only",
        "factors",
        "--no-report",
        "-v",
        "--source",
        str(night.source),
    )
    judged = json.loads(night.place.run(*words, "--json").stdout)["checks"]
    [drawn] = [one["observed"] for one in judged if one["description"].startswith("the scores of days drawn by lot")]
    assert re.match(r"[1-9][\d,]* rows of ", drawn)
    assert night.place.query("select command, quick, suites from audit.verdicts order by judged_at desc limit 1") == [
        ("checkpoint", False, ["factors"])
    ]
    if night.place.target.name == "embedded":
        return
    reader = f"reader_{os.getpid()}"
    night.place.query(f"create role {reader} login password 'secret'")
    try:
        read = "select nspname from pg_namespace where nspname in ('raw', 'public', 'audit', 'factors')"
        for (schema,) in night.place.query(read):
            night.place.query(
                f"grant usage on schema {schema} to {reader}; grant select on all tables in schema {schema} to {reader}"
            )
        night.place.query(f"grant select on all sequences in schema public to {reader}")
        place = place_on(night.place.target, tmp_path)
        done = place.run(*words, POSTGRES_USER=reader, POSTGRES_PASSWORD="secret")
        assert "The verdict is not kept in audit.verdicts, into which this login may not write." in done.stderr
    finally:
        night.place.query(f"drop owned by {reader}; drop role {reader}")
    assert night.verdicts == before + 1


def test_times_are_told_with_their_unit() -> None:
    assert [quiet.duration(given) for given in ("90s", "15m", "2h", "1d")] == [90, 900, 7200, 86400]
    for wrong in ("15", "0m", "m", "1.5h"):
        with pytest.raises(ArgumentTypeError, match="give a number and s, m, h or d"):
            quiet.duration(wrong)
