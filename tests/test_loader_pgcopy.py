"""The binary COPY, held against an encoder that goes value by value."""

from __future__ import annotations

import struct

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader import pgcopy

KINDS = {
    pa.int64(): st.integers(-(1 << 63), (1 << 63) - 1),
    pa.float64(): st.floats(),
    pa.string(): st.text(max_size=30) | st.just("x" * 300),
    pa.binary(): st.binary(max_size=30) | st.just(b"\x00\xff" * 300),
}


@st.composite
def arrow_tables(draw: st.DrawFn) -> pa.Table:
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=6))
    rows = draw(st.integers(0, 12))
    columns = [draw(st.lists(st.none() | KINDS[kind], min_size=rows, max_size=rows)) for kind in kinds]
    cut = draw(st.integers(0, rows))  # chunks, and arrays that begin amid their buffers
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    chunked = [pa.chunked_array([array[:cut], array[cut:]]) for array in arrays]
    table = pa.table(dict(zip(map(str, range(len(kinds))), chunked, strict=True)))
    return table.slice(draw(st.integers(0, rows)))


def field(value: object) -> bytes:
    if value is None:
        return struct.pack(">i", -1)
    if isinstance(value, int):
        return struct.pack(">iq", 8, value)
    if isinstance(value, float):
        return struct.pack(">id", 8, value)
    raw = value.encode() if isinstance(value, str) else value
    assert isinstance(raw, bytes)
    return struct.pack(">i", len(raw)) + raw


def by_value(table: pa.Table) -> bytes:
    columns = [column.to_pylist() for column in table.columns]
    rows = (struct.pack(">h", len(row)) + b"".join(map(field, row)) for row in zip(*columns, strict=True))
    return b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + b"".join(rows) + struct.pack(">h", -1)


def streamed(table: pa.Table) -> bytes:
    stream, pieces = pgcopy.Stream(table), []
    while piece := stream.read(8192):
        pieces.append(piece)
    return b"".join(pieces)


@given(table=arrow_tables(), most=st.sampled_from([1, 200, 1 << 20]))
@settings(max_examples=300, deadline=None)
def test_every_value_is_encoded_as_postgresql_wants_it(table: pa.Table, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pgcopy, "MOST", most)
        assert streamed(table) == by_value(table)
