"""Where a table's rows lie in an SQLite file, and a digest of the pages that hold each window.

The pages of a window whose bytes are those of the last load hold the rows of the last load: they need
not be read as rows, which takes ten times as long. The format is https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import mmap
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from loader.source import SourceTable

LEAF = 13  # the kind of page that holds a table's rows
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1


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
    with Path(path).open("rb") as file, closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as content:
        found = _windows(_File(content), root, bits, f"{encoding} {sql} {reading}")
    (rows,) = connection.execute(f"select count(*) from {table.sql_name}").fetchone()
    return found if sum(window.rows for window in found.values()) == rows else None


class _File:
    """The file's bytes, by page; pages are numbered from 1, and the first begins with the file's header."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        size = int.from_bytes(content[16:18], "big")
        self.page_size = 65536 if size == 1 else size
        self.largest_local = self.page_size - content[20] - 35  # a longer row goes on in overflow pages

    def start(self, page: int) -> int:
        return (page - 1) * self.page_size

    def header(self, page: int) -> int:
        return self.start(page) + (100 if page == 1 else 0)

    def number(self, at: int, length: int) -> int:
        return int.from_bytes(self.content[at : at + length], "big")

    def varint(self, at: int) -> tuple[int, int]:
        """A signed number of up to nine bytes, and where it ends."""
        value = 0
        for place in range(at, at + 8):
            byte = self.content[place]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, place + 1
        value = value << 8 | self.content[at + 8]
        return value - (1 << 64 if value >> 63 else 0), at + 9

    def leaves(self, page: int, last: int = HIGHEST) -> Iterator[tuple[int, int]]:
        """The leaf pages under a page, in the order of rowid, each with the largest rowid that it can hold."""
        if self.content[self.header(page)] == LEAF:
            yield page, last
            return
        children = list(self._children(page, last))
        if self.content[self.header(children[0][0])] == LEAF:  # then all are: the tree is balanced
            yield from children
            return
        for child, its_last in children:
            yield from self.leaves(child, its_last)

    def _children(self, page: int, last: int) -> Iterator[tuple[int, int]]:
        at = self.header(page)
        for cell in range(self.number(at + 3, 2)):
            place = self.start(page) + self.number(at + 12 + 2 * cell, 2)
            yield self.number(place, 4), self.varint(place + 4)[0]
        yield self.number(at + 8, 4), last

    def rowids(self, leaf: int) -> Iterator[int]:
        at = self.header(leaf)
        for cell in range(self.number(at + 3, 2)):
            _, after_size = self.varint(self.start(leaf) + self.number(at + 8 + 2 * cell, 2))
            yield self.varint(after_size)[0]

    def counted(self, leaves: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The number of rows in each leaf, and whether one of them may go on elsewhere."""
        content = np.frombuffer(self.content, np.uint8)
        starts = (leaves - 1) * self.page_size
        headers = starts + np.where(leaves == 1, 100, 0)

        def pair(at: NDArray[np.int64]) -> NDArray[np.int64]:
            return content[at].astype(np.int64) << 8 | content[at + 1]

        rows = pair(headers + 3)
        overflows = np.zeros(len(leaves), np.bool_)
        for cell in range(int(rows.max(initial=0))):
            has = np.flatnonzero(rows > cell)
            at = starts[has] + pair(headers[has] + 8 + 2 * cell)
            first, second = content[at].astype(np.int64), content[at + 1].astype(np.int64)
            size = np.where(first < 0x80, first, (first & 0x7F) << 7 | second & 0x7F)
            longer = (first >= 0x80) & (second >= 0x80)  # three bytes: 16 KB at least
            overflows[has] |= longer | (size > self.largest_local)
        return rows, overflows


def _windows(file: _File, root: int, bits: int, seed: str) -> dict[int, Stored]:
    listed = np.array(list(file.leaves(root)), np.int64)
    leaves, last = listed[:, 0], listed[:, 1] >> bits
    first = np.concatenate(([LOWEST], listed[:-1, 1] + 1)) >> bits
    rows, overflows = file.counted(leaves)
    counts: Counter[int] = Counter()
    digests: dict[int, xxhash.xxh3_128] = {}
    elsewhere: set[int] = set()
    # Runs of leaves that belong to one window, and single leaves that may hold rows of several.
    ends = np.flatnonzero((first[1:] != first[:-1]) | (last[1:] != last[:-1])) + 1
    with memoryview(file.content) as pages:
        for begin, end in pairwise([0, *ends.tolist(), len(leaves)]):
            within = {int(first[begin]): int(rows[begin:end].sum())}
            if first[begin] != last[begin]:
                within = Counter(rowid >> bits for leaf in leaves[begin:end].tolist() for rowid in file.rowids(leaf))
            for number, count in within.items():
                counts[number] += count
                digest = digests.setdefault(number, xxhash.xxh3_128(seed.encode()))
                for start in ((leaves[begin:end] - 1) * file.page_size).tolist():
                    digest.update(pages[start : start + file.page_size])
                if overflows[begin:end].any():
                    elsewhere.add(number)
    return {
        number: Stored(count, None if number in elsewhere else digests[number].hexdigest())
        for number, count in counts.items()
        if count
    }
