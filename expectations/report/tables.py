"""A table of a report, whatever it is written as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; the columns in `numeric` are set to the right.

    Attributes:
        rules: the rows before which a new group begins.
        marked: the rows that are not as they should be.
        shades: how strong the background of a cell (row, column) is, 0 to 1.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    rules: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()
    shades: Mapping[tuple[int, int], float] = field(default_factory=dict)
