"""The b-tree of a table in an SQLite file: its leaves, and where the records lie in them.

The format is https://www.sqlite.org/fileformat2.html. Nothing is decoded a row at a time: NumPy does the
cells of many pages together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAF = 13  # the kind of page that holds a table's rows
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1  # rowids
MOST = 1 << 22  # bytes of leaves looked at together, however large the table is
UTF8 = 1

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """The rows of some leaves, in order: where each record begins in their bytes, its length, its rowid."""

    at: Numbers
    size: Numbers
    rowid: Numbers


class Pages:
    """The file's pages, numbered from 1; the first, which begins with the file's header, holds no table of a user."""

    def __init__(self, file: int) -> None:
        self.file = file
        header = os.pread(file, 100, 0)
        size = int.from_bytes(header[16:18], "big")
        self.size = 65536 if size == 1 else size
        self.largest_local = self.size - header[20] - 35  # a longer row goes on in overflow pages
        self.is_utf8 = int.from_bytes(header[56:60], "big") == UTF8

    def page(self, number: int) -> bytes:
        return os.pread(self.file, self.size, (number - 1) * self.size)

    def read(self, numbers: list[int]) -> bytes:
        """Some pages, one after the other; those that are neighbours in the file are read together."""
        cuts = np.flatnonzero(np.diff(numbers) != 1) + 1
        runs = pairwise([0, *cuts.tolist(), len(numbers)])
        places = ((numbers[begin] - 1, end - begin) for begin, end in runs)
        return b"".join(os.pread(self.file, count * self.size, at * self.size) for at, count in places)

    def leaves(self, root: int, low: int = LOWEST, high: int = HIGHEST) -> Iterator[list[int]]:
        """The leaf pages under a page that may hold rowids from `low` to `high`, by rowid, some at a time."""
        page = np.frombuffer(self.page(root), np.uint8)
        if page[0] == LEAF:
            yield [root]
            return
        children = _children(page, low, high)
        if self.page(children[0])[0] == LEAF:  # then all are: the tree is balanced
            some = MOST // self.size
            yield from (children[begin : begin + some] for begin in range(0, len(children), some))
            return
        for child in children:
            yield from self.leaves(child, low, high)


def _children(page: Bytes, low: int, high: int) -> list[int]:
    """The pages under a page: each holds rowids up to a key, the last one all above."""
    pairs, numbers = items(page, ">u2"), items(page, ">u4")
    at = pairs[12 + 2 * np.arange(pairs[3])]
    keys, _ = varints(page, at + np.int64(4))
    children: list[int] = [*numbers[at].tolist(), int(numbers[8])]
    return children[np.searchsorted(keys, low) : int(np.searchsorted(keys, high)) + 1]


def cells(leaves: Bytes, size: int) -> Cells:
    """The cells of leaf pages of that size, which lie one after the other."""
    pairs = items(leaves, ">u2")
    begins = np.arange(0, len(leaves) // size * size, size)
    rows = pairs[begins + 3].astype(np.int64)
    first = np.cumsum(rows) - rows  # of each page, among all cells
    page = np.repeat(begins, rows)
    pointer = page + 8 + 2 * (np.arange(len(page)) - np.repeat(first, rows))
    length, after = varints(leaves, page + pairs[pointer])
    rowid, at = varints(leaves, after)
    return Cells(at, length, rowid)


def varints(content: Bytes, at: Numbers) -> tuple[Numbers, Numbers]:
    """The signed numbers of up to nine bytes at these places, and where each ends."""
    byte = content[at]
    value, after = byte.astype(np.int64), at + 1
    going = np.flatnonzero(byte >= 0x80)
    value[going] &= 0x7F
    for place in range(1, 9 if len(going) else 0):
        byte = content[after[going]]
        after[going] += 1
        value[going] = value[going] << 8 | byte if place == 8 else value[going] << 7 | byte & 0x7F
        going = going[byte >= 0x80]
    return value, after


def items(content: Bytes, kind: str) -> NDArray[Any]:
    """The same bytes seen as an item of that kind at every place."""
    dtype = np.dtype(kind)
    if len(content) < dtype.itemsize:
        return np.empty(0, dtype)
    return np.ndarray((len(content) - dtype.itemsize + 1,), dtype, content, strides=(1,))


def move(source: Bytes, at: Numbers, target: Bytes, to: Numbers, lengths: Numbers) -> None:
    """Copy the values of these lengths from their places to others: those of one length together."""
    left = np.flatnonzero(lengths)
    while len(left):
        length = int(lengths[left[0]])
        alike = lengths[left] == length
        some, left = left[alike], left[~alike]
        items(target, f"V{length}")[to[some]] = items(source, f"V{length}")[at[some]]
