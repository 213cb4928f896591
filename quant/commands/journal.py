"""The log file of a sync: all that it says, with the time; kept small by rotation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from quant import progress
from quant.errors import UserError

BYTES, FILES = 1_000_000, 5
FORMAT = "%(asctime)s %(process)d %(message)s"

_log = logging.getLogger("quant.sync")
_log.propagate = False


def note(line: str) -> None:
    """A line for the file alone."""
    _log.info(line)


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Write what is said meanwhile into that file, too.

    Raises:
        UserError: when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=BYTES, backupCount=FILES - 1, encoding="utf-8")
    except OSError as error:
        raise UserError(f"The log {path} cannot be written ({error.strerror}): name another with --log.") from error
    handler.setFormatter(logging.Formatter(FORMAT))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    progress.listeners.append(note)
    try:
        yield
    finally:
        progress.listeners.remove(note)
        _log.removeHandler(handler)
        handler.close()
