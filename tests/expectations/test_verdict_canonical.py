"""What the verdict's own reading makes of values of the source, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from expectations.parity import canonical
from expectations.parity.canonical import EPOCH, LONGEST_KEY, MICROSECOND

SEOUL = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-01-31", date(2024, 1, 31)),
        ("2024/01/31", date(2024, 1, 31)),
        ("20240131", date(2024, 1, 31)),
        ("2024-01-31T09:00", date(2024, 1, 31)),
        ("2024-01-31 23:59:59", date(2024, 1, 31)),
        ("  ", None),
    ],
)
def test_a_day_is_read_whatever_its_punctuation(text: str, day: date | None) -> None:
    assert canonical.read_date(text) == day


@pytest.mark.parametrize("text", ["2024-01-31x", "2024-01-31 x", "2024-1-31", "2024-02-30", "31.01.2024", "2024-01/31"])
def test_what_is_no_day_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical.read_date(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31 09:00:00", datetime(2024, 1, 31, 9, tzinfo=UTC)),  # as SQLite writes it
        ("2024/01/31 09:00:00", datetime(2024, 1, 31, 9, tzinfo=SEOUL)),
        ("2024-01-31T09:00:00", datetime(2024, 1, 31, 9, tzinfo=SEOUL)),
        ("2024-01-31 09:00", datetime(2024, 1, 31, 9, tzinfo=SEOUL)),
        ("2024-01-31", datetime(2024, 1, 31, tzinfo=SEOUL)),
        ("2024-01-31T09:00:00.5", datetime(2024, 1, 31, 9, 0, 0, 500000, SEOUL)),
        ("2024-01-31T09:00:00.000001", datetime(2024, 1, 31, 9, 0, 0, 1, SEOUL)),
        ("2024-01-31 09:00:00+05:30", datetime(2024, 1, 31, 9, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        ("2024-01-31 09:00:00-05", datetime(2024, 1, 31, 9, tzinfo=timezone(-timedelta(hours=5)))),
        ("1988-10-09T02:30:00", datetime(1988, 10, 9, 2, 30, tzinfo=SEOUL)),  # which Seoul had twice
        ("1988-05-08T02:30:00", datetime(1988, 5, 8, 2, 30, tzinfo=SEOUL)),  # which it left out
        ("2024-01-31T09:00:00Z", datetime(2024, 1, 31, 9, tzinfo=UTC)),
    ],
)
def test_a_moment_has_the_zone_of_whoever_wrote_it(text: str, moment: datetime) -> None:
    wanted = (moment - EPOCH) // MICROSECOND
    assert canonical.read_instant(text) == wanted
    together, unread = canonical.instants(pa.array([text, None]))
    assert unread is None
    assert together.cast(pa.int64()).to_pylist() == [wanted, None]


@pytest.mark.parametrize(
    ("read", "value", "becomes"),
    [
        (canonical.read_boolean, " TRUE ", True),
        (canonical.read_boolean, "1.0", True),
        (canonical.read_boolean, 0, False),
        (canonical.read_timeframe, "D", "1d"),
        (canonical.read_timeframe, "1h", "1h"),
        (canonical.read_timeframe, "", None),
        (canonical.read_ticker, " 005930 ", "005930"),
        (canonical.read_ticker, "  ", None),
        (canonical.read_region, " kr", "KR"),
        (canonical.read_region, " ", None),
    ],
)
def test_words_have_one_form(read: Callable[[object], object], value: object, becomes: object) -> None:
    assert read(value) == becomes


def test_bars_of_less_than_a_day_are_told_by_timeframe_or_time() -> None:
    bars = [("1h", ""), ("5m", ""), ("1m", "2024-01-31 09:30"), ("M", "2024-01-31 09:30"), ("x", "2024-01-31 09:30")]
    found = canonical.less_than_a_day(*(pa.array(column) for column in zip(*bars, strict=True)))
    assert found.tolist() == [True, True, True, False, True]


def test_a_key_may_have_as_many_bytes_as_an_index_holds() -> None:
    texts = pa.array(["x" * LONGEST_KEY, "x" * LONGEST_KEY, None]), pa.array(["", "x", "y"])
    assert canonical.too_long(texts).tolist() == [False, True, False]
