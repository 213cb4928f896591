"""How the rows of a window in raw differ from those of the source, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from loader.plan import TablePlan, Window
from loader.source import quote
from loader.types import BIGINT, DOUBLE


@dataclass(frozen=True)
class Difference:
    """Rows that a load would insert and replace, and rows of raw that would remain."""

    new: int
    changed: int
    remaining: int


def select(table: TablePlan, window: Window, present: Mapping[str, str]) -> str:
    """The query that reads a window of raw as the plan sees it.

    A column that raw has not yet is NULL throughout, and so is one that will change its type, unless numbers do.
    """
    listed = []
    for column in table.columns:
        kept = present.get(column.target, "") in (column.type, BIGINT if column.type == DOUBLE else column.type)
        listed.append(f"{quote(column.target) if kept else 'null'}::{column.type} as {quote(column.target)}")
    return (
        f"select {', '.join(['_rowid', *listed])} from raw.{quote(table.target)} "
        f"where _rowid between {window.low} and {window.high}"
    )


def difference(raw: pa.Table, source: pa.Table) -> Difference:
    """Compare by `_rowid`; both tables have the plan's columns in its order and types."""
    raw = raw.take(pa.array(np.unique(raw["_rowid"].to_numpy(), return_index=True)[1]))  # somebody may have doubled one
    shared, there, here = np.intersect1d(
        raw["_rowid"].to_numpy(), source["_rowid"].to_numpy(), assume_unique=True, return_indices=True
    )
    was, now = raw.take(pa.array(there)), source.take(pa.array(here))
    changed = np.zeros(len(shared), np.bool_)
    for old, new in zip(was.columns, now.columns, strict=True):
        changed |= _differs(old.combine_chunks(), new.combine_chunks())
    return Difference(source.num_rows - len(shared), int(changed.sum()), len(shared))


def _differs(old: pa.Array, new: pa.Array) -> NDArray[np.bool_]:
    if pa.types.is_float64(old.type):
        old, new = old.view(pa.int64()), new.view(pa.int64())  # -0.0 is not 0.0
    unequal: Any = pc.or_(pc.xor(old.is_null(), new.is_null()), pc.fill_null(pc.not_equal(old, new), False))
    found: NDArray[np.bool_] = unequal.to_numpy(zero_copy_only=False)
    return found
