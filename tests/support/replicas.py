"""A primary and a standby that follows it, both real; the primary can be killed, and the standby promoted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from quant.target import Target
from tests.support import native
from tests.support.places import query
from tests.support.writer import writing

# A server that is killed leaves its shared memory behind: in its folder, which is removed.
SETTINGS = f"{native.WITH_TIMESCALEDB}dynamic_shared_memory_type = mmap\n"


@dataclass(frozen=True)
class Pair:
    """Both servers; what the primary confirms is on the standby, too."""

    primary: Target
    standby: Target
    postmaster: int
    programs: Path
    data: Path

    def kill(self) -> None:
        """End the primary as a power cut would."""
        os.kill(self.postmaster, signal.SIGKILL)

    def promote(self) -> None:
        """Make the standby the primary."""
        program(self.programs, "pg_ctl", "-D", self.data, "-w", "promote")


def program(programs: Path, name: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs, which refuse root."""
    user = native.ordinary_user()
    done = subprocess.run(
        [programs / name, *arguments], user=user, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


@contextmanager
def pair(programs: Path) -> Iterator[Pair]:
    """Start both."""
    room = Path(tempfile.mkdtemp(prefix="quant-standby-"))
    data = room / "data"
    try:
        native.give(room)
        with native.started(programs, SETTINGS) as primary:
            where = f"host={primary.host} port={primary.port} user={primary.user} password={primary.password}"
            program(programs, "pg_basebackup", "-D", data, "-R", "-c", "fast", "-d", where)
            port = native.free_port()
            options = f"-p {port} -c unix_socket_directories={room}"
            program(programs, "pg_ctl", "-D", data, "-l", room / "log", "-o", options, "-w", "start")
            query(primary, "alter system set synchronous_standby_names = '*'")
            query(primary, "select pg_reload_conf()")
            ((folder,),) = query(primary, "select current_setting('data_directory')")
            postmaster = int((Path(str(folder)) / "postmaster.pid").read_text().split()[0])
            try:
                yield Pair(primary, replace(primary, port=port), postmaster, programs, data)
            finally:
                program(programs, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(room, ignore_errors=True)


def application(target: Target, confirmed: list[int]) -> AbstractContextManager[None]:
    """Writes rows of its own, one by one, until it may not or cannot any more."""

    def write(cursor: Any) -> None:
        cursor.execute("insert into app.rows values (%s)", (len(confirmed),))
        confirmed.append(len(confirmed))

    return writing(target, write)


def until(said: Callable[[], bool], seconds: float = 60.0, why: Callable[[], str] = str) -> None:
    """Wait for what another program does by itself; `why` tells why it did not."""
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end, why()
        time.sleep(0.1)
