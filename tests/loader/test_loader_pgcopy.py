"""The binary COPY, held against an encoder that goes value by value."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing, contextmanager

import psycopg2.errors
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader import pgcopy
from tests.support.places import Place

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


DIES = """
create temp table died(a text);
create function pg_temp.die() returns trigger language plpgsql as $$
begin
    perform pg_terminate_backend(pg_backend_pid());
    return new;
end $$;
create trigger die before insert on died for each row when (new.a = 'last') execute function pg_temp.die()
"""


def test_the_last_word_of_a_server_is_raised_and_not_printed(
    make_place: Callable[[str], contextmanager[Place]], capfd: pytest.CaptureFixture[str]
) -> None:
    """A server only: the embedded engine has one session for all, and none to end."""
    rows = pa.table({"a": ["first", "last", *["x" * 1_000] * 100_000]})  # it is gone long before it has read them all
    with make_place("server") as place, closing(place.target.connect("tests")) as connection:
        cursor = connection.cursor()
        cursor.execute(DIES)
        with pgcopy.hearing(), pytest.raises(psycopg2.errors.AdminShutdown, match="terminating connection"):
            pgcopy.copy(cursor, "died", rows)
    assert capfd.readouterr().err == ""
