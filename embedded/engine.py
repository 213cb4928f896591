"""Starting and stopping the engine's process."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from embedded.folder import (
    Endpoint,
    engine_folder,
    is_running,
    make_folder,
    next_connection,
    only_one_starts,
    read_connection,
    take_lock,
    write_connection,
)
from embedded.packages import MAIN, node_program
from quant.errors import UserError

START_LIMIT = 180.0
"""Seconds for a start: recovery after a kill in the middle of a big load takes some."""
STOP_LIMIT = 120.0
"""Seconds for a stop: the statement that runs is allowed to end."""
SSL_REQUEST = struct.pack(">II", 8, 80877103)
LOG_LIMIT = 1_000_000
"""Bytes of engine.log that a start leaves as they are."""


def ensure_running(folder: Path | None = None, say: Callable[[str], None] | None = None) -> Endpoint:
    """Starts the engine if it does not run, and waits till it answers. Several processes may call it at once.

    Args:
        folder: where it keeps its data.
        say: is told when it has to be started.

    Raises:
        UserError: when it cannot be started.
    """
    where = engine_folder(folder)
    make_folder(where)
    with only_one_starts(where):
        while is_running(where):
            # One that was just killed, or is stopping, still holds its folder for a moment.
            if endpoint := _wait_for_answer(where, lambda: not is_running(where)):
                return endpoint
        if say:
            say(f"Starting the embedded engine in {where}. It stops by itself when nobody uses it.")
        return _start(where)


def start(folder: Path | None = None) -> Endpoint:
    """Starts the engine.

    Raises:
        UserError: when it runs already, or cannot be started.
    """
    where = engine_folder(folder)
    make_folder(where)
    with only_one_starts(where):
        if is_running(where):
            running = read_connection(where)
            at = f" (process {running.pid}, port {running.port})" if running else ""
            raise UserError(
                f"An engine already runs in {where}{at}. Use that one, or stop it: python -m loader.embedded stop"
            )
        return _start(where)


def stop(folder: Path | None = None) -> bool:
    """Stops the engine: the statement that runs may end, open transactions are rolled back.

    Returns:
        Whether there was an engine to stop.

    Raises:
        UserError: when it does not end in time.
    """
    where = engine_folder(folder)
    deadline = time.monotonic() + STOP_LIMIT
    told = 0
    while is_running(where):
        running = read_connection(where)
        pid = running.pid if running else 0
        if told and pid != told:
            break  # another one was started meanwhile
        if pid and not told:  # one that is just being started has no process yet
            told = pid
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        if time.monotonic() > deadline:
            raise UserError(
                f"The engine in {where} (process {pid}) still works on a statement after {STOP_LIMIT:.0f} s. "
                f"Wait and stop it again, or kill {pid}: committed rows are safe."
                if pid
                else f"The engine in {where} is still being started after {STOP_LIMIT:.0f} s. Wait and stop it again."
            )
        time.sleep(0.05)
    return told > 0


def _start(folder: Path) -> Endpoint:
    node = node_program()
    endpoint = next_connection(read_connection(folder))
    # Before the lock is held: who finds it held must not find the process of last time here, and signal that.
    write_connection(folder, endpoint)
    lock = _hold(folder)
    log = folder / "engine.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(folder / "engine.log.1")
    try:
        with open(log, "ab") as output:
            before = output.tell()
            process = subprocess.Popen(
                [node, str(MAIN), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                pass_fds=(lock,),
                start_new_session=True,
            )
    finally:
        os.close(lock)
    write_connection(folder, replace(endpoint, pid=process.pid))
    started = _wait_for_answer(folder, lambda: process.poll() is not None)
    if started is None:
        raise UserError(f"The engine in {folder} ended while starting: {_reason(log, before)} See {log}.")
    return started


def _hold(folder: Path) -> int:
    """The lock of the folder, which somebody who only asks whether an engine runs has for an instant."""
    deadline = time.monotonic() + 1
    while (lock := take_lock(folder)) is None:
        if time.monotonic() > deadline:
            raise UserError(f"The engine in {folder} was started by somebody else just now: try again.")
        time.sleep(0.01)
    return lock


def _wait_for_answer(folder: Path, ended: Callable[[], bool]) -> Endpoint | None:
    deadline = time.monotonic() + START_LIMIT
    while not ended():
        endpoint = read_connection(folder)
        if endpoint is not None and _answers(endpoint):
            return endpoint
        if time.monotonic() > deadline:
            raise UserError(
                f"The engine in {folder} does not answer after {START_LIMIT:.0f} s. See {folder}/engine.log."
            )
        time.sleep(0.05)
    return None


def _answers(endpoint: Endpoint) -> bool:
    """Asks for TLS, which the engine declines: a connection alone may be the work of a process that is dying."""
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout=1) as line:
            line.sendall(SSL_REQUEST)
            return line.recv(1) == b"N"
    except OSError:
        return False


def _reason(log: Path, begin: int) -> str:
    """The line of the log that says why: PostgreSQL's last word, else the error that Node tells before its traces."""
    lines = [line.strip() for line in log.read_bytes()[begin:].decode(errors="replace").splitlines() if line.strip()]
    for sign in (r"(FATAL|PANIC): .*", r"^(Uncaught )?[A-Z]?\w*Error\b.*"):
        for line in lines:
            if found := re.search(sign, line):
                return f"{' '.join(found[0].split()).rstrip('.')}."
    return lines[-1] if lines else "it said nothing."
