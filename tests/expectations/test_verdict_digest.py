"""Digests of rows: what differs in one value, one NULL or one sign has another digest."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from expectations.parity.digest import UnsupportedTypeError, coded, plain, rows


def digests(*columns: list[object], kinds: tuple[pa.DataType, ...]) -> list[int]:
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    found: list[int] = rows(arrays, len(columns[0])).tolist()
    return found


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.float64(), [0.0, -0.0, None, 1.0, 5e-324]),
        (pa.int64(), [0, None, 1, -1, 2**63 - 1, -(2**63)]),
        (pa.string(), ["", None, "0", "a", "a "]),
        (pa.bool_(), [True, False, None]),
        (pa.date32(), [date(1970, 1, 1), date(1970, 1, 2), date(1969, 12, 31), None]),
        (
            pa.timestamp("us", "UTC"),
            [datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None],
        ),
    ],
)
def test_values_that_differ_have_other_digests(kind: pa.DataType, values: list[object]) -> None:
    assert len(set(digests(values, kinds=(kind,)))) == len(values)
    assert digests(values[1:], kinds=(kind,)) == rows([pa.array(values, kind).slice(1)], len(values) - 1).tolist()


def test_the_order_of_columns_counts_and_their_types_do_not() -> None:
    both = (pa.int64(), pa.int64())
    assert digests([1], [2], kinds=both) != digests([2], [1], kinds=both)
    assert digests([1], [2], kinds=both) != digests([3], [2], kinds=both)
    assert digests([1], [1], kinds=both) != digests([2], [2], kinds=both)
    assert digests([None], [1], kinds=both) != digests([1], [None], kinds=both)
    assert digests([7], kinds=(pa.int64(),)) == digests([7], kinds=(pa.int16(),))


def test_a_type_without_a_digest_is_refused() -> None:
    with pytest.raises(UnsupportedTypeError):
        digests([[1]], kinds=(pa.list_(pa.int8()),))


def test_coded_texts_have_the_digests_of_the_texts() -> None:
    texts = pa.array(["D", None, "", "셋", "D"])
    assert coded(texts).type == pa.dictionary(pa.int32(), pa.string())
    assert rows([coded(texts)], 5).tolist() == rows([texts], 5).tolist()
    assert plain(coded(texts)) == texts
    numbers = pa.array([1.5, None])
    assert coded(numbers) is numbers
    assert plain(numbers) is numbers
