"""Where a table's rows lie in an SQLite file, and a digest of the pages that hold each window.

The pages of a window whose bytes are those of the last load hold the rows of the last load: they need
not be read as rows, which takes ten times as long. The format is https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from loader.source import SourceTable

LEAF = 13  # the kind of page that holds a table's rows
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1  # rowids
MOST = 1024  # leaves looked at together: some MB of memory, however large the table is


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
    root, sql = connection.execute(
        "select rootpage, sql from sqlite_master where type = 'table' and name = ?", (table.name,)
    ).fetchone()
    (encoding,) = connection.execute("pragma encoding").fetchone()
    with Path(path).open("rb") as file:
        found = _windows(_Pages(file.fileno()), root, bits, f"{encoding} {sql} {reading}")
    (rows,) = connection.execute(f"select count(*) from {table.sql_name}").fetchone()
    return found if sum(window.rows for window in found.values()) == rows else None


class _Pages:
    """The file's pages, numbered from 1; the first, which begins with the file's header, holds no table of a user."""

    def __init__(self, file: int) -> None:
        self.file = file
        header = os.pread(file, 100, 0)
        size = int.from_bytes(header[16:18], "big")
        self.size = 65536 if size == 1 else size
        self.largest_local = self.size - header[20] - 35  # a longer row goes on in overflow pages

    def page(self, number: int) -> bytes:
        return os.pread(self.file, self.size, (number - 1) * self.size)

    def leaves(self, number: int, last: int = HIGHEST) -> Iterator[list[tuple[int, int]]]:
        """The leaf pages under a page, by rowid, each with the largest rowid that it can hold, some at a time."""
        page = self.page(number)
        if page[0] == LEAF:
            yield [(number, last)]
            return
        children = [*_children(page), (_number(page, 8, 4), last)]
        if self.page(children[0][0])[0] == LEAF:  # then all are: the tree is balanced
            for begin in range(0, len(children), MOST):
                yield children[begin : begin + MOST]
            return
        for child, its_last in children:
            yield from self.leaves(child, its_last)


def _number(page: bytes, at: int, length: int) -> int:
    return int.from_bytes(page[at : at + length], "big")


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """A signed number of up to nine bytes, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | page[place] & 0x7F
        if page[place] < 0x80:
            return value, place + 1
    value = value << 8 | page[at + 8]
    return value - (1 << 64 if value >> 63 else 0), at + 9


def _children(page: bytes) -> Iterator[tuple[int, int]]:
    for cell in range(_number(page, 3, 2)):
        at = _number(page, 12 + 2 * cell, 2)
        yield _number(page, at, 4), _varint(page, at + 4)[0]


def _rowids(leaf: bytes) -> Iterator[int]:
    for cell in range(_number(leaf, 3, 2)):
        _, after_size = _varint(leaf, _number(leaf, 8 + 2 * cell, 2))
        yield _varint(leaf, after_size)[0]


def _pair(leaves: NDArray[np.uint8], which: NDArray[np.int64], at: NDArray[np.int64] | int) -> NDArray[np.int64]:
    pair: NDArray[np.int64] = leaves[which, at].astype(np.int64) << 8 | leaves[which, at + 1]
    return pair


def _overflows(leaves: NDArray[np.uint8], rows: NDArray[np.int64], largest: int) -> NDArray[np.bool_]:
    """Whether some row of each leaf goes on in other pages."""
    found = np.zeros(len(leaves), np.bool_)
    for cell in range(int(rows.max())):
        has = np.flatnonzero(rows > cell)
        size = _pair(leaves, has, _pair(leaves, has, 8 + 2 * cell))  # a varint: its first two bytes
        first, second = size >> 8, size & 0xFF
        longer = (first >= 0x80) & (second >= 0x80)  # three bytes: 16 KB at least
        found[has] |= longer | (np.where(first < 0x80, first, (first & 0x7F) << 7 | second) > largest)
    return found


def _windows(pages: _Pages, root: int, bits: int, seed: str) -> dict[int, Stored]:
    counts: Counter[int] = Counter()
    digests: dict[int, xxhash.xxh3_128] = {}
    elsewhere: set[int] = set()
    after = LOWEST - 1
    for some in pages.leaves(root):
        content = memoryview(b"".join(pages.page(number) for number, _ in some))
        leaves = np.frombuffer(content, np.uint8).reshape(len(some), pages.size)
        ends = [last for _, last in some]
        windows = [(begin + 1 >> bits, end >> bits) for begin, end in pairwise([after, *ends])]
        after = ends[-1]
        rows = _pair(leaves, np.arange(len(some)), 3)
        overflows = _overflows(leaves, rows, pages.largest_local)
        # Runs of leaves that belong to one window, and single leaves that may hold rows of several.
        cuts = [place for place in range(1, len(some)) if windows[place] != windows[place - 1]]
        for begin, end in pairwise([0, *cuts, len(some)]):
            low, high = windows[begin]
            within = {low: int(rows[begin:end].sum())}
            if low != high:
                within = Counter(rowid >> bits for leaf in leaves[begin:end] for rowid in _rowids(leaf.tobytes()))
            for number, count in within.items():
                counts[number] += count
                digest = digests.setdefault(number, xxhash.xxh3_128(seed.encode()))
                digest.update(content[begin * pages.size : end * pages.size])
                if overflows[begin:end].any():
                    elsewhere.add(number)
    return {
        number: Stored(count, None if number in elsewhere else digests[number].hexdigest())
        for number, count in counts.items()
        if count
    }
