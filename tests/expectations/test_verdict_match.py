"""Matching by key finds just what differs, however the rows are cut into batches and partitions."""

from __future__ import annotations

import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.parity.match import PARTITIONS, Digests, match
from quant.errors import UserError

KEYS = st.integers(0, 3 * PARTITIONS) | st.integers(2**64 - PARTITIONS, 2**64 - 1)
ROWS = st.lists(st.tuples(KEYS, st.integers(1, 2)), max_size=60)


def words(values: list[int]) -> np.ndarray:
    return np.array(values, np.uint64)


def digests(rows: list[tuple[int, int]], cut: int, rowids: bool) -> Digests:
    side = Digests(3 if rowids else 2)
    for part in (range(cut), range(cut, len(rows))):
        chosen = [(*rows[place], place) for place in part if place < len(rows)]
        if chosen:
            side.add(*map(words, map(list, list(zip(*chosen, strict=True))[: 3 if rowids else 2])))
    return side


def first(rows: list[tuple[int, int]]) -> dict[int, int]:
    """The place of the first row of each key."""
    return {key: place for place, (key, _) in reversed(list(enumerate(rows)))}


@settings(deadline=None)
@given(ROWS, ROWS, st.integers(0, 60))
def test_what_is_found_is_what_differs(here: list[tuple[int, int]], there: list[tuple[int, int]], cut: int) -> None:
    found = match(digests(here, cut, rowids=True), digests(there, cut, rowids=False))
    mine, theirs = first(here), first(there)
    assert found.missing.tolist() == sorted(place for key, place in mine.items() if key not in theirs)
    unequal = [place for key, place in mine.items() if key in theirs and here[place][1] != there[theirs[key]][1]]
    assert found.differing.tolist() == sorted(unequal)
    assert found.expected_twice.tolist() == sorted(set(range(len(here))) - set(mine.values()))
    assert found.extra.tolist() == sorted(theirs.keys() - mine.keys())
    assert len(found.actual_twice) == len(there) - len(theirs)


def test_of_many_rows_of_one_key_the_first_one_counts() -> None:
    rows = [(key * PARTITIONS, turn) for turn in range(3) for key in np.random.default_rng(5).permutation(500).tolist()]
    found = match(digests(rows, 700, rowids=True), digests(rows[:500], 300, rowids=False))
    assert not found.differing.tolist()
    assert found.expected_twice.tolist() == list(range(500, 1500))


@settings(deadline=None)
@given(ROWS, st.lists(KEYS))
def test_keys_that_are_here_are_told_from_others(rows: list[tuple[int, int]], asked: list[int]) -> None:
    here = {key for key, _ in rows}
    assert digests(rows, 7, rowids=False).has(words(asked)).tolist() == [key in here for key in asked]


def test_no_room_for_the_digests_is_said_in_a_sentence() -> None:
    side, many = Digests(2), np.arange(1000, dtype=np.uint64)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UserError, match=r"digests of the rows cannot be kept in .*name another folder in TMPDIR"):
            side.add(many, many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
