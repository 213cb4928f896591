"""How many bytes rows take on a page of PostgreSQL, which must hold each of them whole.

The layout is https://www.postgresql.org/docs/current/storage-page-layout.html. Values longer than a pointer to them are
stored elsewhere; what compression could save beyond that is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from loader.file_format.btree import Numbers
from loader.pgcopy import Fields

LARGEST = 8160  # bytes of a row
FEW = 300  # columns that fit in any case
HEADER = 23
POINTER = 18
INLINE = 23  # bytes of the longest value that is never stored elsewhere
OWN = 16  # bytes of `_rowid` and `_load_id`, which stand after the columns


def row_widths(columns: Sequence[pa.Array]) -> Numbers:
    """The width of each row of a table with these columns, without `_rowid`; 0 where there are so few that all fit."""
    rows = len(columns[0]) if columns else 0
    ends = np.zeros(rows, np.int64)
    if len(columns) <= FEW:
        return ends
    with_null = np.zeros(rows, np.bool_)
    for fields in map(Fields, columns):
        here = np.ones(rows, np.bool_) if fields.null is None else ~fields.null
        with_null |= ~here
        if fields.fixed:
            ends = np.where(here, _aligned(ends) + 8, ends)
        else:
            length = fields.sizes - 4
            ends += np.where(here, np.where(length > INLINE, POINTER, length + 1), 0)
    bitmap = np.where(with_null, (len(columns) + 2 + 7) // 8, 0)
    return _aligned(HEADER + bitmap) + _aligned(ends) + OWN


def _aligned(places: Numbers) -> Numbers:
    return (places + 7) // 8 * 8
