"""Dates and times: the build's functions in SQL and the verdict's in Python, written apart, read every text alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from expectations.parity.canonical import read_date, read_instant
from tests.places import Place

MACRO = Path("macros/canonical/canonical_functions.sql")
# Near enough to a date that most are one; far enough that some are not. South Korea's summer times ended with 1988.
DAYS = st.from_regex(r"(1989|199[0-9]|20[0-9]{2}|2400)[-/ ]?(0[0-9]|1[0-3])[-/ ]?([0-2][0-9]|3[0-2])", fullmatch=True)
TIMES = st.from_regex(
    r"([T ](0[0-9]|1[0-9]|2[0-5])(:?[0-6][0-9]){0,2}([.][0-9]{0,7})?( ?(Z|[+-](0[0-9]|1[0-6])(:?[0-6][0-9])?))?)?",
    fullmatch=True,
)


@pytest.fixture(scope="module")
def functions(place: Place) -> Place:
    """A database that has them."""
    (sql,) = re.findall(r"{% macro canonical_functions\(\) %}(.*){% endmacro %}", MACRO.read_text(), re.DOTALL)
    place.query(sql)
    return place


def by_python(read: Callable[[object], object], text: str) -> object:
    """The value in words: `blank`, `unreadable`, or what it is."""
    if not text.strip(" "):
        return "blank"
    try:
        return str(read(text))
    except ValueError:
        return "unreadable"


def by_sql(place: Place, function: str, shown: str, texts: list[str]) -> list[object]:
    sql = (
        f"select case when value is null then 'blank' when value = '-infinity' then 'unreadable' else {shown} end "
        f"from unnest(%s::text[]) with ordinality as given(text, place), canonical.{function}(text) as value "
        "order by place"
    )
    return [row[0] for row in place.query(sql, texts)]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.builds(str.__add__, DAYS, TIMES), min_size=50, max_size=200))
@example(["", "  ", "2024-02-30", "2023-02-29", "2024-02-29", "2100-02-29", "0000-01-01", "0001-01-01", "9999-12-31"])
@example(["2024-01-01T24:00:00", "2024-01-01 23:59:60", "2024/01/02 03:04:05", "20240102 03:04:05", "20240102T03:04"])
@example(["2024-01-02T03:04:05.123456+09:00", "2024-01-02 03:04:05Z", "2024-01-02 03", "2024-1-02", "today", "now"])
def test_sql_and_python_read_dates_and_times_alike(functions: Place, texts: list[str]) -> None:
    assert by_sql(functions, "date_of", "value::text", texts) == [by_python(read_date, text) for text in texts]
    microseconds = "(extract(epoch from value) * 1000000)::bigint::text"
    later = [text for text in texts if "1000" < text[:4] < "9999"]  # the ends of the calendar are Python's, not ours
    assert by_sql(functions, "instant_of", microseconds, later) == [by_python(read_instant, text) for text in later]
