"""Rows that the loader has rejected: each has to be there for the reason that it tells, and whole.

It may be the only copy of them, and the exception must not become a way to lose rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from expectations.parity.explain import POSTGRES
from expectations.parity.result import told
from expectations.parity.source import Reader, Text, fit
from expectations.parity.table import Ground, TableJob

LONGEST = 200  # letters of a value that are shown
WHOLE_ROW = "*"  # what is to blame where each value fits
TOO_WIDE = "more than the 8,160 that a page of PostgreSQL holds of a row"


def rejected(job: TableJob, ground: Ground) -> list[str]:
    """Rejected rows that raw could hold, that the source does not have, or that are not kept as they are there."""
    fits: list[int] = []
    found: set[int] = set()
    altered: list[int] = []
    unlike: list[str] = []
    reader = Reader(ground.files, job.table, job.raw_types)
    name = job.target_name
    for batch in reader.parts(sorted(job.rejected)):
        rowids = batch.rowids.to_pylist()
        fits += np.asarray(batch.rowids)[~batch.unfit if batch.unfit is not None else slice(None)].tolist()
        found.update(rowids)
        rows = _rows(ground, name, rowids)
        for rowid, values in reader.stored(rowids, list(job.raw_names)).items():
            *said, row = rows[rowid]
            if not _is_whole(row, values):
                altered.append(rowid)
            wanted = _misfit(values, job.raw_types) or (WHOLE_ROW, said[1], TOO_WIDE)
            if rowid not in fits and tuple(said) != wanted:
                unlike.append(f"rowid {rowid} of {name} is rejected for {_why(*said)}, not for {_why(*wanted)}")
    return [
        *told(fits, f"rowid {{}} of {name} was rejected, but every value of it fits"),
        *told(sorted(job.rejected - found), f"rowid {{}} of {name} is among the rejected rows, but not in the source"),
        *told(altered, f"rowid {{}} of {name} is not kept among the rejected rows as the source has it"),
        *told(unlike, "{}"),
    ]


def _why(column: object, value: object, reason: object) -> str:
    return f"{column} = {value}, {reason}"


def _misfit(values: Mapping[str, object], types: Mapping[str, pa.DataType]) -> tuple[object, ...] | None:
    """The first column whose value does not fit it, the value as people write it, and why."""
    for name, value in values.items():
        if name in types and (reason := _reason(value, types[name])):
            return name, _shown(value), reason
    return None


def _reason(value: object, wanted: pa.DataType) -> str | None:
    try:
        fit(value, wanted)
    except (ValueError, OverflowError):
        if isinstance(value, Text) and wanted == pa.string():
            cut = "text with a NUL character, which PostgreSQL cannot hold"
            return cut if _is_utf8(value) else "text that is not UTF-8"
        if isinstance(value, int) and wanted == pa.float64():
            return "an integer that a double cannot hold exactly"
        kinds = {Text: "text", int: "an integer", float: "a real number"}
        return f"{kinds.get(type(value), 'a blob')} in a column of {POSTGRES[wanted]}"
    return None


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _shown(value: object) -> str:
    if isinstance(value, Text):
        return value.decode(errors="backslashreplace").replace("\x00", "\\0")[:LONGEST]
    return (f"x'{value.hex()}'" if isinstance(value, bytes) else repr(value))[:LONGEST]


def _rows(ground: Ground, table: str, rowids: Sequence[int]) -> dict[int, tuple[object, ...]]:
    with ground.plain.cursor() as cursor:
        cursor.execute(
            'select rowid, column_name, value, reason, "row" from raw.rejected_rows '
            "where table_name = %s and rowid = any(%s)",
            (table, list(rowids)),
        )
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


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
