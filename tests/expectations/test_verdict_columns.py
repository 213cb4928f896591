"""Sums of columns are exact, whatever the values and however they are cut into batches."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.parity import digest
from expectations.parity.columns import FINEST, SHOWN, Columns, Summary
from expectations.parity.source import WINDOW

DOUBLES = st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), max_size=50)


def summed(kind: pa.DataType, *batches: list[object]) -> Summary:
    summary = Summary(kind)
    for batch in batches:
        summary.add(pa.array(batch, kind))
    return summary


@settings(deadline=None)
@given(DOUBLES, DOUBLES)
def test_sums_of_doubles_are_exact_and_no_order_changes_them(one: list[float | None], two: list[float | None]) -> None:
    found = summed(pa.float64(), one, two)
    present = [value for value in one + two if value is not None]
    assert Fraction(found.total, 1 << FINEST) == sum(map(Fraction, present))
    assert found == summed(pa.float64(), two[::-1] + one[::-1])
    assert (found.smallest, found.largest) == (min(present, default=None), max(present, default=None))


@pytest.mark.parametrize("spread", [0, 20, 300])
def test_sums_of_whole_batches_are_exact(spread: int) -> None:
    drawn = np.random.default_rng(spread)
    values = np.ldexp(drawn.normal(size=WINDOW), drawn.integers(-spread, spread + 1, WINDOW))
    assert Fraction(summed(pa.float64(), list(values)).total, 1 << FINEST) == sum(map(Fraction, values.tolist()))


@settings(deadline=None)
@given(st.lists(st.text() | st.none()), st.lists(st.text() | st.none()))
def test_texts_sum_up_alike_whether_they_are_coded_or_not(one: list[str | None], two: list[str | None]) -> None:
    coded = Summary(pa.string())
    for batch in (one, two):
        coded.add(digest.coded(pa.array(batch, pa.string())))
    assert coded == summed(pa.string(), one, two)
    present = [text for text in one + two if text is not None]
    assert (coded.smallest, coded.largest) == (min(present, default=None), max(present, default=None))
    assert (coded.rows, coded.nulls) == (len(one + two), (one + two).count(None))
    assert coded.total == sum(len(text.encode()) for text in present)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_sums_of_integers_do_not_wrap(values: list[int]) -> None:
    assert summed(pa.int64(), values).total == sum(values)


def test_what_rounding_hides_is_told() -> None:
    wanted, found = Columns(), Columns()
    wanted.add({"close": pa.array([1e16, 1.0, 0.5])})
    found.add({"close": pa.array([1e16, math.nextafter(1.0, 2), 0.5])})
    told = ["the sum is off by 2.220446049250313e-16, which rounding would hide"]
    assert wanted.differences(found) == {"close": told}


def test_what_is_not_finite_is_counted_apart() -> None:
    assert summed(pa.float64(), [1.5, math.inf, math.nan]).shown()[-1] == "1.5 and 2 not finite"
    assert summed(pa.float64(), [1e308] * 2).shown()[-1] == "beyond a double"


@pytest.mark.parametrize(
    ("kind", "values", "shown"),
    [
        (pa.date32(), [date(2024, 1, 2), None], ("2", "1", "2024-01-02", "2024-01-02", "19,724 days")),
        (pa.bool_(), [True, False, True], ("3", "0", "False", "True", "2 true")),
        (pa.string(), ["", "셋"], ("2", "0", "''", "'셋'", "3 bytes")),
        (pa.int16(), [-5, 1200], ("2", "0", "-5", "1200", "1,195")),
        (pa.float64(), [None], ("1", "1", "", "", "0.0")),
        (
            pa.timestamp("us", "UTC"),
            [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)],
            ("1", "0", *["1970-01-01 00:00:01+00:00"] * 2, "1,000,000 µs"),
        ),
    ],
)
def test_every_kind_of_column_is_shown_as_people_read_it(
    kind: pa.DataType, values: list[object], shown: tuple[str, ...]
) -> None:
    assert summed(kind, values).shown() == shown
    assert len(shown) == len(SHOWN)


def test_a_column_that_the_other_side_lacks_is_told() -> None:
    wanted = Columns()
    wanted.add({"body": pa.array(["x"])})
    told = ["rows 0, expected 1", "smallest none, expected 'x'", "largest none, expected 'x'"]
    assert wanted.differences(Columns()) == {"body": [*told, "sum 0 bytes, expected 1 bytes"]}
