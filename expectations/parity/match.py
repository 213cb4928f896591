"""Bring two sets of row digests together by key, whatever order they came in.

The digests lie on disk, cut into partitions by key, and one partition of both sides is compared at a
time: memory does not grow with the rows.
"""

from __future__ import annotations

import tempfile
import weakref
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from expectations.parity.digest import Words
from quant.errors import UserError

PARTITIONS = 32
WORD = 8  # bytes
Places = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int64]


class Digests:
    """One side: for each row its key and its content as 64 bits, and in the source's sides its rowid too."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._file = tempfile.TemporaryFile(prefix="quant-digests-")  # noqa: SIM115  closed with this object
        weakref.finalize(self, self._file.close)
        self._starts: list[Places] = []  # of each batch: where its partitions begin
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, *words: Words) -> None:
        """Put a batch of rows away: keys, contents and, where the side has them, rowids.

        Raises:
            UserError: when there is no room for them.
        """
        partition = (words[0] % np.uint64(PARTITIONS)).astype(np.uint8)
        order = np.argsort(partition, kind="stable")
        try:
            self._file.write(np.column_stack(words)[order].tobytes())
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"The digests of the rows cannot be kept in {tempfile.gettempdir()}: {error.strerror}. "
                "Make room there, or name another folder in TMPDIR."
            ) from error
        self._starts.append(self._rows + np.searchsorted(partition[order], np.arange(PARTITIONS + 1)))
        self._rows += len(partition)

    def partition(self, number: int) -> list[Words]:
        """The columns of one partition, in the order in which the rows came."""
        size = self._width * WORD
        pieces = []
        for starts in self._starts:
            first, end = starts[number : number + 2].tolist()
            self._file.seek(first * size)
            pieces.append(self._file.read((end - first) * size))
        return list(np.frombuffer(b"".join(pieces), np.uint64).reshape(-1, self._width).T)

    def has(self, keys: Words) -> npt.NDArray[np.bool_]:
        """Which of these keys are here."""
        found = np.zeros(len(keys), bool)
        for number in range(PARTITIONS) if len(keys) else ():
            found |= np.isin(keys, self.partition(number)[0])
        return found


@dataclass(frozen=True)
class Matched:
    """Where the two sides disagree.

    Rows of the source are named by their rowids, in order: those that are `missing` or `differing` on the other side,
    and second and further rows of a key (`expected_twice`). Rows of the other side are named by their keys.
    """

    missing: Numbers
    differing: Numbers
    expected_twice: Numbers
    extra: Words
    actual_twice: Words


def match(expected: Digests, actual: Digests) -> Matched:
    """Compare by key. A key that one side has several times is compared by its first row only."""
    found = [_match(expected.partition(number), actual.partition(number)) for number in range(PARTITIONS)]
    missing, differing, twice, *there = (np.sort(np.concatenate(part)) for part in zip(*found, strict=True))
    return Matched(missing.view(np.int64), differing.view(np.int64), twice.view(np.int64), *there)


def _match(expected: list[Words], actual: list[Words]) -> tuple[Words, ...]:
    """The same of one partition, everything as words."""
    keys, rows, rowids = expected
    there_keys, there_rows = actual
    left, left_twice = _first_of_each(keys)
    right, right_twice = _first_of_each(there_keys)
    wanted_keys, sorted_keys = keys[left], there_keys[right]
    if np.array_equal(wanted_keys, sorted_keys):
        at, found = np.arange(len(left)), np.ones(len(left), bool)
    else:
        at = np.searchsorted(sorted_keys, wanted_keys)
        found = np.zeros(len(left), bool)
        inside = at < len(right)
        found[inside] = sorted_keys[at[inside]] == wanted_keys[inside]
    unequal = np.zeros(len(left), bool)
    unequal[found] = rows[left[found]] != there_rows[right[at[found]]]
    claimed = np.zeros(len(right), bool)
    claimed[at[found]] = True
    return (
        rowids[left[~found]],
        rowids[left[unequal]],
        rowids[left_twice],
        sorted_keys[~claimed],
        there_keys[right_twice],
    )


def _first_of_each(keys: Words) -> tuple[Places, Places]:
    """Places of the first row of each key, ordered by key, and of all further rows."""
    order = np.argsort(keys)
    sorted_keys = keys[order]
    again = np.zeros(len(keys), bool)
    again[1:] = sorted_keys[1:] == sorted_keys[:-1]
    if again.any():
        order = np.argsort(keys, kind="stable")  # takes twice as long, and tells which of them is the first
    return order[~again], np.sort(order[again])
