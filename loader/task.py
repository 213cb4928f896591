"""What the jobs of one load have to do, do, and share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import cast

from psycopg2 import extensions as psycopg

from loader.ledger import Entry
from loader.plan import TablePlan, Window
from loader.snapshot import Snapshot
from loader.window import Content, read
from quant.target import LOADER, Target


@dataclass(frozen=True)
class Task:
    """A window to bring into step; `known` is its ledger entry, `empty` says that raw has no row in its range."""

    table: TablePlan
    window: Window
    known: Entry | None
    empty: bool

    @property
    def key(self) -> tuple[str, int]:
        return self.table.target, self.window.low

    @property
    def settled(self) -> bool:
        """The pages of the window are those of the last load, so its rows need not be read."""
        return self.known is not None and self.window.pages is not None and self.window.pages == self.known.pages

    @property
    def nothing_to_do(self) -> Done:
        """What is reported of a settled task."""
        rejected = self.known.rejected if self.known else 0
        return Done(self.table.target, self.window.rows, rejected, 0, 0, 0, 0.0)


@dataclass(frozen=True)
class Done:
    """What a task did: rows in the window, rows written and removed, bytes moved, seconds."""

    table: str
    rows: int
    rejected: int
    written: int
    removed: int
    bytes: int
    seconds: float


@dataclass
class Work:
    """All that the jobs of one load share: of a table's tasks, each takes the next.

    `load_id` is set before the first of them starts.
    """

    snapshot: Snapshot
    target: Target
    tasks: dict[str, Iterator[Task]]
    report: Callable[[Done], None]
    load_id: int = 0
    ahead: dict[tuple[str, int], Future[Content]] = field(default_factory=dict)
    _mine: threading.local = field(default_factory=threading.local, repr=False)
    _all: list[psycopg.connection] = field(default_factory=list, repr=False)

    def connection(self) -> psycopg.connection:
        """The connection of this worker thread: making one costs as much as a small window."""
        if not hasattr(self._mine, "connection") or self._mine.connection.closed:
            self._mine.connection = self.target.connect(LOADER, pooled=True)
            self._all.append(self._mine.connection)
        return cast(psycopg.connection, self._mine.connection)

    def content(self, task: Task) -> Content:
        """The window of a task, read ahead or now."""
        if task.key in self.ahead:
            return self.ahead.pop(task.key).result()
        return read(self.snapshot, task.table, task.window)

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._all:
            connection.close()
