"""Folders for temporary files. What a killed run has left there, the next one removes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

YOUNG = 60  # seconds in which a folder may not be locked yet by who has made it


@contextmanager
def temporary_folder(prefix: str, within: Path | None = None) -> Iterator[Path]:
    """A folder of one's own, removed at the end together with those of the same name that nobody holds any more.

    Args:
        prefix: what its name begins with; of nothing else in the folder.
        within: where it is made; the system's folder for temporary files by default.
    """
    for old in (within or Path(tempfile.gettempdir())).glob(f"{prefix}*"):
        with suppress(OSError):  # somebody else's, held, or removed by another run in this moment
            _remove_abandoned(old)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=within) as made:
        descriptor = _lock(Path(made))
        try:
            yield Path(made)
        finally:
            os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Whether a run is at work in that folder, or it is somebody else's."""
    try:
        os.close(_lock(folder))
    except OSError:
        return True
    return time.time() - folder.lstat().st_mtime <= YOUNG


def _remove_abandoned(folder: Path) -> None:
    found = folder.lstat()
    if found.st_uid == os.getuid() and time.time() - found.st_mtime > YOUNG:
        descriptor = _lock(folder)
        try:
            shutil.rmtree(folder)
        finally:
            os.close(descriptor)


def _lock(folder: Path) -> int:
    """A lock that ends with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
