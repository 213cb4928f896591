"""The SQLite file: whether it can be read, is whole, and finds room for a snapshot."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from loader.snapshot import WAL_MODE, check, is_open, wal_of
from quant.commands.checks import Finding, mend, ok, see
from quant.errors import UserError
from quant.paths import as_text

PATIENCE = 20.0  # seconds for SQLite's own check
STEPS = 100_000  # of SQLite's machine between two looks at the clock


def source(path: Path) -> Iterator[Finding]:
    """All about the file.

    Args:
        path: the file.
    """
    try:
        journal = check(path)
    except UserError as error:
        yield mend("source", str(error))
        return
    size = path.stat().st_size + (wal_of(path).stat().st_size if wal_of(path).exists() else 0)
    writers = "open in another program" if is_open(path) else "open in no other program"
    in_wal = journal == WAL_MODE
    yield ok("source", f"{as_text(path)}, {size / 1e6:,.0f} MB, " + (f"WAL mode, {writers}" if in_wal else "no WAL"))
    yield from _room(size)
    yield from _damage(path, in_wal)


def _room(size: int) -> Iterator[Finding]:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e6:,.0f} MB free in {folder}, {size / 1e6:,.0f} MB for the snapshot"
    yield ok("room here", said) if free > size else mend("room here", f"{said}: free some, or set TMPDIR.")


def _damage(path: Path, in_wal: bool) -> Iterator[Finding]:
    # Opening a file in WAL mode that nobody has open would make files beside it.
    alone = in_wal and not is_open(path)
    if alone and wal_of(path).exists():
        yield ok("damage", "not looked for: a log stands beside the file; a load looks at its snapshot")
        return
    how = "immutable=1" if alone else "mode=ro"
    end, cut = time.monotonic() + PATIENCE, False

    def late() -> int:
        nonlocal cut
        cut = time.monotonic() > end
        return int(cut)

    try:
        uri = f"file:{quote(os.fsencode(path.absolute()))}?{how}"
        with closing(sqlite3.connect(uri, uri=True, timeout=1)) as reader:
            reader.execute("begin")
            reader.execute("pragma user_version").fetchone()
            reader.set_progress_handler(late, STEPS)
            (said,) = reader.execute("pragma quick_check(1)").fetchone()
    except sqlite3.Error as error:
        if cut:
            yield ok("damage", f"none found in {PATIENCE:.0f} s; a load looks at every page")
        elif "locked" in str(error):
            yield see("lock", f"Another program writes to {path} at this moment: a load waits 30 s for it to end.")
        else:
            yield mend("damage", f"SQLite says {error}: take a sound copy, or recover it with `sqlite3 … .recover`.")
        return
    if said == "ok":
        yield ok("damage", "none")
    else:
        yield see("damage", f"SQLite says {said}: rows that can be read are loaded; `reindex` mends an index.")
