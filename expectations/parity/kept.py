"""Rows that are kept apart, rejected or quarantined: each has to be there for a reason, and whole.

It may be the only copy of them, and the exception must not become a way to lose rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.compute as pc

from expectations.parity import digest, target
from expectations.parity.match import Digests
from expectations.parity.result import SAMPLES
from expectations.parity.shape import Shape
from expectations.parity.source import Reader, SourceBatch, Text
from expectations.parity.table import Ground, TableJob


def rejected(job: TableJob, ground: Ground) -> list[str]:
    """Rejected rows that raw could hold, that the source does not have, or that are not kept as they are there."""
    fits: list[int] = []
    found: set[int] = set()
    altered: list[int] = []
    reader = Reader(ground.files, job.table, job.raw_types)
    for batch in reader.parts(sorted(job.rejected)):
        rowids = batch.rowids.to_pylist()
        fits += np.asarray(batch.rowids)[~batch.unfit if batch.unfit is not None else slice(None)].tolist()
        found.update(rowids)
        stored = reader.stored(rowids, list(job.raw_names))
        rows = _rows(ground, job.target_name, rowids)
        altered += [rowid for rowid, values in stored.items() if not _is_whole(rows[rowid], values)]
    lost = sorted(job.rejected - found)
    name = job.target_name
    return [
        *_told(fits, f"rowid {{}} of {name} was rejected, but every value of it fits"),
        *_told(lost, f"rowid {{}} of {name} is among the rejected rows, but not in the source"),
        *_told(altered, f"rowid {{}} of {name} is not kept among the rejected rows as the source has it"),
    ]


def _rows(ground: Ground, table: str, rowids: Sequence[int]) -> dict[int, object]:
    with ground.plain.cursor() as cursor:
        cursor.execute(
            'select rowid, "row" from raw.rejected_rows where table_name = %s and rowid = any(%s)',
            (table, list(rowids)),
        )
        return dict(cursor.fetchall())


def _is_whole(row: object, values: Mapping[str, object]) -> bool:
    """A column that came after the row was rejected is not in it."""
    return isinstance(row, dict) and all(_says(row.get(name), value) for name, value in values.items())


def _says(told: object, value: object) -> bool:
    """Whether JSON tells the value; an object names the storage class of what JSON has no word for."""
    if isinstance(value, Text):
        return told.encode() == value if isinstance(told, str) else told == {"text": value.hex()}
    if isinstance(value, bytes):
        return told == {"blob": value.hex()}
    if isinstance(value, float):
        return told == {"real": repr(value)} or (isinstance(told, float) and repr(told) == repr(value))
    return type(told) is type(value) and told == value


def altered(job: TableJob, ground: Ground) -> list[str]:
    """Quarantined rows that are not kept as raw has them; a column that came later is not in them."""
    raw = target.relation("raw", job.target_name)
    if not job.quarantined:
        return []
    with ground.plain.cursor() as cursor:
        cursor.execute(
            f"select q.rowid from audit.quarantine as q join {raw} as r on r._rowid = q.rowid where q.table_name = %s "
            "and jsonb_strip_nulls(q.\"row\") <> jsonb_strip_nulls(to_jsonb(r) - '_rowid' - '_load_id') order by 1",
            (job.target_name,),
        )
        rowids = [rowid for (rowid,) in cursor.fetchall()]
    return _told(rowids, f"rowid {{}} of {job.target_name} is not kept in the quarantine as raw has it")


def needless(job: TableJob, shape: Shape, ground: Ground, public: Digests) -> list[str]:
    """Quarantined rows that can be read, have a whole key, and whose key nobody has in public."""
    readable = [_readable(shape, batch) for batch in job.reader(ground).parts(sorted(job.quarantined))]
    if not readable:
        return []
    rowids, keys = (np.concatenate(part) for part in zip(*readable, strict=True))
    free = rowids[~public.has(keys)].tolist()
    return _told(free, f"rowid {{}} of {job.target_name} can be read, and no row of public has its key")


def _readable(shape: Shape, batch: SourceBatch) -> tuple[np.ndarray, digest.Words]:
    columns, unread = shape.canonical(batch)
    keys = [columns[name] for name in shape.key]
    good = np.ones(len(batch), bool)
    for bad in (unread, batch.unfit, *(np.asarray(pc.is_null(key)) for key in keys)):
        if bad is not None:
            good &= ~bad
    return np.asarray(batch.rowids)[good], digest.rows(keys, len(batch))[good]


def _told(rowids: Sequence[int], sentence: str) -> list[str]:
    told = [sentence.format(rowid) for rowid in rowids[:SAMPLES]]
    return [*told, f"… and {len(rowids) - SAMPLES:,} more such rows"] if len(rowids) > SAMPLES else told
