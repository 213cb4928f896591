"""A loader that is killed around the commit of each window: nothing lost, nothing twice, nothing done again."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import sources
from tests.support.killing_proxy import KillingProxy
from tests.support.places import Place

ROWS, WINDOW, WINDOWS = 5_900, 1_024, 6


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of six windows, in which one row does not fit."""
    return sources.write(
        tmp_path_factory.mktemp("source") / "s.db",
        "create table t (id integer primary key, v real, w text)",
        f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {ROWS}) "
        "insert into t select i, i / 7.0, 'row ' || i from n",
        "update t set v = 'many' where id = 3000",
    )


@pytest.fixture
def proxy(place: Place) -> Iterator[KillingProxy]:
    place.query("drop schema if exists raw cascade")
    with KillingProxy(place.target) as made:
        yield made


def load(source: Path) -> list[str]:
    return ["python", "-m", "loader.run", "--source", str(source), "--batch-size", str(WINDOW), "--json"]


def killed(place: Place, proxy: KillingProxy, source: Path, number: int, before: bool) -> None:
    """Run the loader until the kill around the `number`-th commit."""
    proxy.arm(number, before)
    # Either target answers there as a server does: what is killed is the same program with the same writes.
    through = {
        "QUANT_TARGET": "server",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(proxy.port),
        "POSTGRES_DB": place.target.database,
        "POSTGRES_USER": place.target.user,
        "POSTGRES_PASSWORD": place.target.password,
        "POSTGRES_SSLMODE": "disable",
    }
    running = place.start(*load(source), **through)
    code = proxy.wait(running)
    assert code == -signal.SIGKILL, running.stdout.read() if running.stdout else code


def ledger(place: Place, windows: int) -> dict[object, tuple[object, ...]]:
    """The ledger's entries, once the server is done with the dead client: these many, and raw holds their rows."""
    deadline = time.monotonic() + 30
    while True:
        found = place.query("select low, load_id, loaded_at, fingerprint from raw._windows")
        if len(found) == windows or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    assert len(found) == windows, "only windows whose commit arrived are in the ledger"
    ((entered, kept, rejected, noted),) = place.query(
        "select coalesce(sum(source_rows), 0), (select count(*) from raw.t), coalesce(sum(rejected_rows), 0), "
        "(select count(*) from raw.rejected_rows) from raw._windows"
    )
    assert (entered, rejected) == (kept + noted, noted), "rows, rejected rows and ledger entries commit together"
    return {row[0]: row[1:] for row in found}


@pytest.mark.parametrize("number", range(1, WINDOWS + 1))
def test_a_run_killed_around_the_commit_of_a_window_is_finished_by_the_next(
    place: Place, proxy: KillingProxy, source: Path, number: int
) -> None:
    killed(place, proxy, source, number, before=True)
    finished = ledger(place, number - 1)
    killed(place, proxy, source, 1, before=False)
    after = ledger(place, number)
    assert finished.items() <= after.items(), "windows that were finished are not written again"
    (entered,) = place.query("select sum(source_rows - rejected_rows) from raw._windows")
    done = place.run(*load(source), check=False)
    document = json.loads(done.stdout)
    assert done.returncode == 1, "all is loaded, but one row does not fit"
    assert [table["written"] for table in document["tables"]] == [ROWS - 1 - entered[0]]
    assert after.items() <= ledger(place, WINDOWS).items(), "windows that were finished are not written again"
    assert sources.differences(source, place) == []


def started(place: Place, source: Path) -> subprocess.Popen[str]:
    """A load in 5,900 windows, of which some are in the ledger."""
    place.query("drop schema if exists raw cascade")
    running = place.start(
        "python", "-m", "loader.run", "--source", str(source), "--batch-size", "1", "--progress", "none"
    )
    deadline = time.monotonic() + 60
    while not (place.query("select to_regclass('raw.t')")[0][0] and place.query("select 1 from raw._windows limit 1")):
        assert time.monotonic() < deadline, "no window was seen in the ledger"
        time.sleep(0.05)
    return running


def finish(place: Place, source: Path) -> None:
    assert place.run(*load(source), check=False).returncode == 1, "all is loaded, but one row does not fit"
    assert sources.differences(source, place) == []


def test_a_run_that_is_interrupted_says_so_and_the_next_finishes_it(place: Place, source: Path) -> None:
    running = started(place, source)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    assert (running.returncode, said.strip()) == (
        2,
        "loader: interrupted. What was finished is in the ledger; run again to go on.",
    )
    finish(place, source)


def test_a_server_that_ends_all_connections_is_quoted_and_the_next_run_finishes(
    make_place: Callable[[str], contextmanager[Place]], source: Path
) -> None:
    """A server only: the embedded engine has one session for all, and none to end."""
    with make_place("server") as place:
        running = started(place, source)
        place.query(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
        said, _ = running.communicate(timeout=120)
        assert running.returncode == 2
        assert re.fullmatch(
            r"loader: The load stopped while dlt was at the step load: .*terminat.* run again\.", said.strip()
        )
        finish(place, source)
