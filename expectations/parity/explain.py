"""Look at the rows whose digests disagree, value by value, and say what is wrong with them."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg2.extensions
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity.result import SAMPLES, Difference
from expectations.parity.shape import Shape
from expectations.parity.source import Reader
from expectations.parity.value import show
from loader.source import quote

EXAMINED = 2000  # differing rows that are read again; beyond it the tally says so
POSTGRES = {
    pa.string(): "text",
    pa.binary(): "bytea",
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.int16(): "smallint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.bool_(): "boolean",
    pa.timestamp("us", "UTC"): "timestamptz",
}


def examine(
    connection: psycopg2.extensions.connection,
    relation: str,
    key: Sequence[str],
    expected: Mapping[str, pa.Array],
) -> tuple[Counter[str], list[Difference]]:
    """Compare expected rows with those of the relation that have the same key.

    Args:
        connection: in autocommit.
        relation: quoted name.
        key: the columns that identify a row.
        expected: the columns of the expected rows, the key's among them.

    Returns:
        How often each column differs, and samples of rows that are missing or differ.
    """
    found = _fetch(connection, relation, key, expected)
    tally: Counter[str] = Counter()
    samples: list[Difference] = []
    names = list(expected)
    for row in zip(*(expected[name].to_pylist() for name in names), strict=True):
        wanted = dict(zip(names, row, strict=True))
        label = name_key(key, [wanted[name] for name in key])
        actual = found.get(tuple(_comparable(wanted[name]) for name in key))
        if actual is None:
            difference = Difference("missing", label)
        else:
            unequal = [name for name in names if _comparable(wanted[name]) != _comparable(actual[name])]
            tally.update(unequal)
            shown = tuple((name, show(wanted[name]), show(actual[name])) for name in unequal)
            difference = Difference("differs", label, shown)
        if len(samples) < SAMPLES:
            samples.append(difference)
    return tally, samples


def _fetch(
    connection: psycopg2.extensions.connection, relation: str, key: Sequence[str], expected: Mapping[str, pa.Array]
) -> dict[tuple[object, ...], dict[str, Any]]:
    arrays = ", ".join(f"%s::{POSTGRES[expected[name].type]}[]" for name in key)
    wanted = ", ".join(map(quote, key))
    columns = ", ".join(map(quote, expected))
    statement = f"select {columns} from {relation} where ({wanted}) in (select * from unnest({arrays}))"
    with connection.cursor() as cursor:
        cursor.execute("set timezone to 'UTC'")
        cursor.execute(statement, [expected[name].to_pylist() for name in key])
        rows = [dict(zip(expected, row, strict=True)) for row in cursor.fetchall()]
    return {tuple(_comparable(row[name]) for name in key): row for row in rows}


def months(shape: Shape | None, reader: Reader, rowids: Sequence[int]) -> Counter[str]:
    """How many of these rows of a hypertable lie in each month, by the rest of their key."""
    found: Counter[str] = Counter()
    if shape is None or shape.time is None:
        return found
    key = replace(shape, types={name: kind for name, kind in shape.types.items() if name in shape.key}, indexed={})
    rest = [name for name in shape.key if name != shape.time]
    read = {shape.names[name] for name in shape.key if name in shape.names}
    table = replace(reader.table, columns=tuple(one for one in reader.table.columns if one.name in read))
    for batch in replace(reader, table=table).parts(rowids):
        columns, _ = key.canonical(batch)
        keys = zip(*(columns[name].to_pylist() for name in rest), strict=True)
        days = pc.strftime(columns[shape.time], format="%Y-%m").to_pylist()
        found.update(f"{name_key(rest, values)}, {day or 'no date'}" for values, day in zip(keys, days, strict=True))
    return found


def name_key(key: Sequence[str], values: Sequence[object]) -> str:
    """A row's key as people write it."""
    return ", ".join(f"{name} {show(value)}" for name, value in zip(key, values, strict=True))


def _comparable(value: object) -> object:
    """Equal exactly when the stored values are: floats by their bits, and True is not 1."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, memoryview):
        return bytes(value)
    return (bool, value) if isinstance(value, bool) else value
