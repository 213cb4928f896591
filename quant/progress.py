"""What a run says while it works: a bar on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from quant.text import printable

LINE_EVERY = 2.0  # seconds between plain lines

listeners: list[Callable[[str], None]] = []  # hear each line, too: the log of a sync


class Progress(Protocol):
    """Takes finished rows, from any thread."""

    def advance(self, table: str, rows: int) -> None: ...


class _Silent:
    def advance(self, table: str, rows: int) -> None:
        pass


class _Lines:
    def __init__(self, total: int, unit: str) -> None:
        self.total, self.unit, self.rows = total, unit, 0
        self.begun = self.said = time.monotonic()
        self.lock = threading.Lock()

    def advance(self, table: str, rows: int) -> None:
        with self.lock:
            self.rows += rows
            now = time.monotonic()
            if now - self.said < LINE_EVERY and self.rows < self.total:
                return
            self.said = now
            share = 100 * self.rows // self.total if self.total else 100
            rate = self.rows / max(now - self.begun, 1e-9)
            say(f"{share:3d} %  {self.rows:,} of {self.total:,} {self.unit}, {rate:,.0f} {self.unit}/s, now {table}")


@contextmanager
def progress(kind: str, total: int, unit: str = "rows") -> Iterator[Progress]:
    """Show progress over `total` rows, or of another unit; `kind` is auto, bar, log or none."""
    if kind == "auto":
        kind = "bar" if sys.stderr.isatty() else "log"
    if kind == "none":
        yield _Silent()
    elif kind == "log":
        yield _Lines(total, unit)
    else:
        from tqdm import tqdm

        with tqdm(total=total, unit=f" {unit}", unit_scale=True, file=sys.stderr, dynamic_ncols=True) as bar:

            class _Bar:
                def advance(self, table: str, rows: int) -> None:
                    bar.set_postfix_str(printable(table), refresh=False)
                    bar.update(rows)

            yield _Bar()


def say(line: str) -> None:
    """A line for the person who waits, and for whoever listens."""
    print(printable(line), file=sys.stderr, flush=True)
    for listener in listeners:
        listener(printable(line))
