"""Run a program and see what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quant.errors import UserError
from quant.paths import PROJECT

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that ru_maxrss counts in


@dataclass(frozen=True)
class Run:
    """One run of a program: wall seconds from start to exit, and its peak resident memory in MB."""

    seconds: float
    peak_mb: float


def measure(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    log: Path,
    well: Collection[int] = (0,),
) -> Run:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        environment: all of its environment.
        log: a file that takes what it says on stdout and stderr.
        well: exit codes that count as success.

    Raises:
        UserError: when it ends with another code.
    """
    with log.open("wb") as said:
        begun = time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)), env=dict(environment), cwd=PROJECT, stdout=said, stderr=subprocess.STDOUT
        )
        # wait4 tells the peak of this child alone; getrusage would tell the largest of all so far.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in well:
        last = (log.read_text(errors="replace").strip().splitlines() or ["It said nothing"])[-1]
        raise UserError(f"{Path(command[0]).name} ended with {process.returncode}: {last} (all of it is in {log}).")
    return Run(seconds, usage.ru_maxrss * RSS_UNIT / 1e6)


def peak_of(pid: int) -> float | None:
    """The peak resident memory in MB of a running process; None where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6
