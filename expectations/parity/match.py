"""Bring two sets of row digests together by key, whatever order they came in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from expectations.parity.digest import Words

Places = npt.NDArray[np.intp]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Digests:
    """One side: for each row its key as 64 bits and the digest of the whole row."""

    keys: Words
    rows: Words

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Matched:
    """Where the two sides disagree, as places in the one or the other.

    `missing` and `differing` are places in the expected side, `extra` in the actual one; `expected_twice`
    and `actual_twice` are second and further rows of a key.
    """

    missing: Places
    differing: Places
    extra: Places
    expected_twice: Places
    actual_twice: Places

    @property
    def equal(self) -> bool:
        return not any(map(len, (self.missing, self.differing, self.extra, self.expected_twice, self.actual_twice)))


def gather(parts: Iterable[Digests]) -> Digests:
    """One side out of its batches."""
    kept = list(parts)
    if not kept:
        return Digests(np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    return Digests(np.concatenate([part.keys for part in kept]), np.concatenate([part.rows for part in kept]))


def match(expected: Digests, actual: Digests) -> Matched:
    """Compare by key. A key that one side has several times is compared by its first row only."""
    left, left_twice = _first_of_each(expected.keys)
    right, right_twice = _first_of_each(actual.keys)
    left_keys, right_keys = expected.keys[left], actual.keys[right]
    at = np.searchsorted(right_keys, left_keys)
    found = np.zeros(len(left), bool)
    inside = at < len(right_keys)
    found[inside] = right_keys[at[inside]] == left_keys[inside]
    unequal = np.zeros(len(left), bool)
    unequal[found] = expected.rows[left[found]] != actual.rows[right[at[found]]]
    claimed = np.zeros(len(right), bool)
    claimed[at[found]] = True
    return Matched(
        missing=np.sort(left[~found]),
        differing=np.sort(left[unequal]),
        extra=np.sort(right[~claimed]),
        expected_twice=left_twice,
        actual_twice=right_twice,
    )


def _first_of_each(keys: Words) -> tuple[Places, Places]:
    """Places of the first row of each key, ordered by key, and of all further rows."""
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    again = np.zeros(len(keys), bool)
    again[1:] = sorted_keys[1:] == sorted_keys[:-1]
    return order[~again], np.sort(order[again])
