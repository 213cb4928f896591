"""A digest of the pages that hold each window of a table.

The pages of a window whose bytes are those of the last load hold the rows of the last load: they need
not be read as rows, which takes six times as long.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash

from loader.file_format.btree import Pages, cells
from loader.source import SourceTable, undecoded


@dataclass(frozen=True)
class Stored:
    """A window as it is stored: its number of rows, and the digest of its pages; None when they do not tell all."""

    rows: int
    digest: str | None


def stored(connection: sqlite3.Connection, table: SourceTable, bits: int, reading: str) -> dict[int, Stored] | None:
    """The windows of 2**bits rowids that have rows, by number (rowid >> bits).

    Args:
        connection: a snapshot of the source, which nobody writes to.
        table: a table with rowids.
        bits: the width of a window.
        reading: what else decides what the rows become, such as the columns' types; part of each digest.

    Returns:
        None when the database has no file, or the pages do not add up to the table's number of rows.
    """
    (_, _, path) = connection.execute("pragma database_list").fetchone()
    if not path:
        return None
    named = "select sql from sqlite_master where type = 'table' and name = ?"
    [(sql,)] = undecoded(connection, named, table.name)
    (encoding,) = connection.execute("pragma encoding").fetchone()
    with Path(path).open("rb") as file:
        found = _windows(
            Pages(file.fileno()), table.root, bits, f"{encoding} {sql.decode(errors='backslashreplace')} {reading}"
        )
    (rows,) = connection.execute(table.count).fetchone()
    return found if sum(window.rows for window in found.values()) == rows else None


def _windows(pages: Pages, root: int, bits: int, seed: str) -> dict[int, Stored]:
    counts: Counter[int] = Counter()
    digests: dict[int, xxhash.xxh3_128] = {}
    elsewhere: set[int] = set()
    for some in pages.leaves(root):
        content = memoryview(pages.read(some))
        rows = cells(np.frombuffer(content, np.uint8), pages.size)
        leaf, overflows = rows.at // pages.size, rows.size > pages.largest_local
        found = np.unique(rows.rowid >> bits, return_index=True, return_counts=True)
        for number, begin, count in zip(*(each.tolist() for each in found), strict=True):
            counts[number] += count
            digest = digests.setdefault(number, xxhash.xxh3_128(seed.encode()))
            digest.update(content[leaf[begin] * pages.size : (leaf[begin + count - 1] + 1) * pages.size])
            if overflows[begin : begin + count].any():
                elsewhere.add(number)
    return {
        number: Stored(count, None if number in elsewhere else digests[number].hexdigest())
        for number, count in counts.items()
    }
