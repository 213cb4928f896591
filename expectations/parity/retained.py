"""Rows that retention has taken: older than the oldest chunk that is left, where the books know of older ones.

Neither of the two excuses a row alone. A row that is missing although a chunk covers its day is excused by nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import psycopg2.extensions
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity import canonical
from expectations.parity.shape import Shape, convert
from expectations.parity.source import SourceBatch


def begin(connection: psycopg2.extensions.connection, table: str) -> date | None:
    """The first day of what retention has left of a hypertable in public, or None where it took nothing."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('audit.retention') is not null")
        if cursor.fetchone() != (True,):
            return None
        cursor.execute(
            "select least(min(c.range_start at time zone 'UTC')::date, r.retained_from) from audit.retention as r "
            "join timescaledb_information.chunks as c on c.hypertable_schema = 'public' and c.hypertable_name = %s "
            "where r.hypertable = %s and r.retained_from is not null group by r.retained_from",
            (table, f"public.{table}"),
        )
        found = cursor.fetchone()
        return found[0] if found else None


def without(batch: SourceBatch, shape: Shape, first: date) -> SourceBatch:
    """The same without the rows of the days before that."""
    assert shape.time
    days, _ = convert(shape.time, batch.columns[shape.time], pa.date32())
    older = np.asarray(pc.fill_null(pc.less(days, first), False))
    return batch.but(np.asarray(batch.rowids)[older])


def count(texts: Iterable[tuple[object, int]], first: date) -> int:
    """How many rows are of the days before that, out of (day as the source writes it, rows)."""
    return sum(rows for text, rows in texts if _is_before(text, first))


def _is_before(text: object, first: date) -> bool:
    try:
        day = canonical.read_date(text)
    except ValueError:
        return False
    return day is not None and day < first
