"""When a sync begins: at intervals, or when the file was written and is quiet again."""

from __future__ import annotations

import re
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path

from loader.snapshot import wal_of

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LOOK = 1.0  # seconds between two looks at the file
STILL = 5.0  # seconds without a write after which it is quiet
LONGEST = 300.0  # seconds after which it is read all the same: a snapshot is consistent while others write


def duration(given: str) -> int:
    """Seconds of 90s, 15m, 2h or 1d.

    Raises:
        ArgumentTypeError: when it is none.
    """
    found = re.fullmatch(r"([1-9]\d*)([smhd])", given)
    if not found:
        raise ArgumentTypeError(f"{given!r} is no time: give a number and s, m, h or d, such as 15m")
    return int(found[1]) * UNITS[found[2]]


def every(seconds: int) -> Iterator[None]:
    """Now, and again at that interval from begin to begin; one that took longer is followed at once."""
    while True:
        begun = time.monotonic()
        yield
        time.sleep(max(0.0, begun + seconds - time.monotonic()))


def after_writes(source: Path) -> Iterator[None]:
    """Now, and whenever the file or its log was written and has been quiet for some seconds."""
    while True:
        seen = state(source)
        yield
        while (now := state(source)) == seen:
            time.sleep(LOOK)
        since = still = time.monotonic()
        while time.monotonic() - still < STILL and time.monotonic() - since < LONGEST:
            time.sleep(LOOK)
            if (later := state(source)) != now:
                now, still = later, time.monotonic()


def state(source: Path) -> tuple[tuple[int, int] | None, ...]:
    """What changes with each write: size and time of the file and of its log."""
    return tuple(_stat(path) for path in (source, wal_of(source)))


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
