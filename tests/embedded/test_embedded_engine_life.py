"""The embedded engine's life: started, stopped, killed, started again; and who may come in."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest

import embedded
from embedded import packages
from embedded.folder import write_connection
from quant.errors import UserError
from quant.paths import PROJECT
from tests.support.embedded_fixture import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    where = tmp_path_factory.mktemp("life") / "engine"
    embedded.start(where)
    yield where
    embedded.stop(where)


def open_connection(folder: Path) -> psycopg2.extensions.connection:
    made = psycopg2.connect(embedded.ensure_running(folder).dsn)
    made.autocommit = True
    return made


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loader.embedded", *words],
        env=os.environ | {"QUANT_EMBEDDED_DIR": str(folder)} | environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_the_owner_may_look_into_the_folder(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "connection.json").stat().st_mode) == 0o600


def test_a_folder_without_room_for_the_connection_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "connection.json.new").mkdir()  # no file can be made there, as on a full disk
    with pytest.raises(UserError, match=r"connection\.json cannot be written: .*QUANT_EMBEDDED_DIR"):
        write_connection(tmp_path, embedded.ensure_running(folder))


def test_the_password_is_asked_for_and_shown_nowhere(folder: Path) -> None:
    endpoint = embedded.ensure_running(folder)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(endpoint.dsn, password="wrong")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(endpoint.dsn, user="somebody")
    with pytest.raises(psycopg2.OperationalError, match='database "other" does not exist'):
        psycopg2.connect(endpoint.dsn, dbname="other")
    said = command(folder, "status")
    assert endpoint.password not in repr(endpoint) + said.stdout + said.stderr + (folder / "engine.log").read_text()
    assert str(folder / "connection.json") in said.stdout


def test_it_listens_on_the_loopback_only(folder: Path) -> None:
    port = f":{embedded.ensure_running(folder).port:04X}"
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]
    assert [place for place in listening if place.endswith(port)] == [f"0100007F{port}"]
    six = Path("/proc/net/tcp6")
    assert not six.exists() or port not in six.read_text()


def test_a_second_start_is_refused_in_a_sentence_that_names_the_first(folder: Path) -> None:
    endpoint = embedded.ensure_running(folder)
    with pytest.raises(UserError, match=f"process {endpoint.pid}, port {endpoint.port}"):
        embedded.start(folder)
    said = command(folder, "start")
    assert said.returncode == 2
    assert f"process {endpoint.pid}" in said.stderr
    assert "Traceback" not in said.stderr


def test_it_is_started_once_however_many_ask_for_it(folder: Path) -> None:
    embedded.stop(folder)
    with ThreadPoolExecutor(4) as pool:
        assert len({endpoint.pid for endpoint in pool.map(lambda _: embedded.ensure_running(folder), range(4))}) == 1


def test_status_speaks_of_a_busy_engine_without_waiting_for_it(folder: Path) -> None:
    holder = open_connection(folder)
    run(holder, "begin")
    found = embedded.status(folder)
    assert (found.clients, found.endpoint) == (1, embedded.ensure_running(folder))
    assert found.busy_with
    assert "TimescaleDB" in found.version
    holder.close()


def test_stop_and_start_keep_every_row_and_timescaledb(folder: Path) -> None:
    run(
        open_connection(folder),
        "create table kept(day date not null, n int); select create_hypertable('kept', by_range('day'))",
    )
    run(open_connection(folder), "insert into kept select '2024-01-01'::date + n, n from generate_series(0, 99) as n")
    assert command(folder, "stop").returncode == 0
    assert command(folder, "status").returncode == 1
    assert command(folder, "stop").returncode == 0
    client = open_connection(folder)
    assert run(client, "select count(*), sum(n) from kept") == [(100, 4950)]
    run(
        client,
        "create materialized view kept_monthly with (timescaledb.continuous) as "
        "select time_bucket('1 month', day) as month, count(*) from kept group by 1 with no data",
    )
    run(client, "call refresh_continuous_aggregate('kept_monthly', null, null)")
    assert run(client, "select sum(count) from kept_monthly") == [(100,)]


TROUBLES = {
    "Node never ends by itself": "process.reallyExit = () => { for (;;); }",
    "closing breaks": "const { MessagePort } = require('node:worker_threads');"
    "process.once('SIGTERM', () => { MessagePort.prototype.postMessage = () => { throw new Error('broken') } })",
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_a_stopped_engine_gives_the_folder_back_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    (tmp_path / "trouble.cjs").write_text(trouble)
    monkeypatch.setenv("NODE_OPTIONS", f"--require {tmp_path / 'trouble.cjs'}")
    monkeypatch.setattr("embedded.engine.STOP_LIMIT", 20.0)
    endpoint = embedded.start(tmp_path / "engine")
    try:
        assert embedded.stop(tmp_path / "engine")
    finally:
        with suppress(ProcessLookupError):
            os.kill(endpoint.pid, signal.SIGKILL)


def test_stop_waits_for_a_client_no_longer_than_for_the_statement_that_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedded.engine.STOP_LIMIT", 60.0)
    busy = open_connection(folder)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: [run(busy, "select count(*) from generate_series(1, 1500000)") for _ in range(1000)])
        time.sleep(1)
        assert embedded.stop(folder)


def test_stop_signals_nobody_else_when_it_meets_a_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.stop(folder)
    signalled: list[int] = []

    def popen(*_: Any, **__: Any) -> None:
        with ThreadPoolExecutor(1) as pool, suppress(TimeoutError):
            pool.submit(embedded.stop, folder).result(timeout=0.3)
        raise OSError("no process today")

    monkeypatch.setattr("embedded.engine.STOP_LIMIT", 0.5)
    monkeypatch.setattr("embedded.engine.subprocess.Popen", popen)
    monkeypatch.setattr("embedded.engine.os.kill", lambda pid, _: signalled.append(pid))
    with pytest.raises((OSError, UserError)):
        embedded.start(folder)
    assert signalled == []


def test_after_a_kill_every_committed_row_is_there_and_no_other(folder: Path) -> None:
    client = open_connection(folder)
    run(client, "create table if not exists killed(n int, filler text)")
    committed = 0
    for round_ in range(3):
        client = open_connection(folder)
        for _ in range(20):
            run(client, "insert into killed select n, repeat('x', 500) from generate_series(1, 500) as n")
            committed += 500
        if round_ == 1:
            run(client, "checkpoint")
        run(client, "begin")
        run(client, "insert into killed select 0, 'uncommitted' from generate_series(1, 20000)")
        os.kill(embedded.ensure_running(folder).pid, signal.SIGKILL)
        assert run(open_connection(folder), "select count(*), min(n) from killed") == [(committed, 1)]


def test_a_kill_in_the_middle_of_the_first_start_is_mended_by_the_next(tmp_path: Path) -> None:
    starting = subprocess.Popen(
        [sys.executable, "-m", "loader.embedded", "start", "--folder", str(tmp_path)], cwd=PROJECT
    )
    while not (tmp_path / "pgdata.new" / "PG_VERSION").exists():
        assert starting.poll() is None
        time.sleep(0.01)
    os.kill(int(_pid(tmp_path)), signal.SIGKILL)
    assert starting.wait() == 2
    try:
        assert run(open_connection(tmp_path), "select extname from pg_extension where extname = 'timescaledb'") == [
            ("timescaledb",)
        ]
    finally:
        embedded.stop(tmp_path)


def test_the_log_of_what_was_written_does_not_grow_for_ever(folder: Path) -> None:
    connection = open_connection(folder)
    run(connection, "create table written (a text storage plain)")
    for _ in range(6):  # 30 MB each
        run(connection, "insert into written select repeat('x', 7500) from generate_series(1, 4000)")
    log = folder / "pgdata" / "pg_wal"
    deadline = time.monotonic() + 60
    while (size := sum(file.stat().st_size for file in log.iterdir() if file.is_file())) > 130e6:
        assert time.monotonic() < deadline, f"{size / 1e6:.0f} MB"
        time.sleep(0.2)
    run(connection, "drop table written")
    connection.close()


def test_why_an_engine_did_not_start_is_what_postgresql_says(folder: Path, tmp_path: Path) -> None:
    embedded.stop(folder)
    shutil.copytree(folder, tmp_path / "engine")
    (tmp_path / "engine" / "pgdata" / "global" / "pg_control").unlink()
    told: list[str] = []
    with pytest.raises(
        UserError, match=r'while starting: PANIC: could not open file "global/pg_control".*engine\.log\.$'
    ):
        embedded.ensure_running(tmp_path / "engine", told.append)
    assert told == [f"Starting the embedded engine in {tmp_path / 'engine'}. It stops by itself when nobody uses it."]


def test_why_npm_failed_is_neither_its_code_nor_its_advice() -> None:
    said = "npm error code ECONNREFUSED", "npm error syscall connect", "npm error errno ECONNREFUSED"
    why = "FetchError: request to http://127.0.0.1:9/x failed, reason: connect ECONNREFUSED 127.0.0.1:9"
    rest = "npm error     at ClientRequest (/x.js:130:14)", "npm error A complete log of this run can be found in: /x"
    assert packages.reason([*said, f"npm error {why}", *rest]) == why
    assert packages.reason(["Killed."]) == "Killed"


def test_one_that_is_idle_in_a_transaction_is_rolled_back_and_an_engine_that_nobody_uses_stops(folder: Path) -> None:
    embedded.stop(folder)
    short = {"QUANT_EMBEDDED_IDLE_IN_TRANSACTION_MINUTES": "0.02", "QUANT_EMBEDDED_IDLE_MINUTES": "0.01"}
    assert command(folder, "start", **short).returncode == 0
    holder = psycopg2.connect(embedded.ensure_running(folder).dsn)
    run(holder, "create table never(a int)")
    assert run(open_connection(folder), "select count(*) from pg_tables where tablename = 'never'") == [(0,)]
    with pytest.raises(psycopg2.OperationalError):
        run(holder, "select 1")
    deadline = time.monotonic() + 60
    while embedded.status(folder).endpoint and time.monotonic() < deadline:
        time.sleep(0.2)
    assert embedded.status(folder).endpoint is None


def _pid(folder: Path) -> int:
    from embedded.folder import read_connection

    endpoint = read_connection(folder)
    assert endpoint
    return endpoint.pid
