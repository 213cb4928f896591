"""Says what is being done: one bar on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 30
_EVERY_LINES = 3.0
_EVERY_BAR = 0.1


class Progress:
    """Tells a person how far the work is.

    Args:
        quiet: say nothing.
        stream: where to write; stderr unless a test wants to read it.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._bar = self._stream.isatty()
        self._last = 0.0

    def work(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` rows of a piece of work are done; often called, seldom shown."""
        now = time.monotonic()
        if self._quiet or (now - self._last < (_EVERY_BAR if self._bar else _EVERY_LINES) and done < total):
            return
        self._last = now
        share = min(1.0, done / total)
        if self._bar:
            filled = round(share * _WIDTH)
            bar = "█" * filled + "░" * (_WIDTH - filled)
            self._stream.write(f"\r\x1b[K{what:<20} {bar} {share:4.0%}  {done:,} rows")
        else:
            self._stream.write(f"{what}: {done:,} of {total:,} rows ({share:.0%})\n")
        self._stream.flush()

    def table(self, name: str, rows: int) -> None:
        """Show that a table is finished."""
        if self._quiet:
            return
        if self._bar:
            self._stream.write(f"\r\x1b[K{name}: {rows:,} rows")
            self._stream.flush()

    def end(self, line: str) -> None:
        """Clear the bar and write the last line."""
        if not self._quiet:
            self._stream.write(("\r\x1b[K" if self._bar else "") + line + "\n")
            self._stream.flush()
