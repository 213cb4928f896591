"""Dates, times and flags: the build in SQL and the verdict in Python, written apart, read every text alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from expectations.parity.canonical import instants, less_than_a_day, read_boolean, read_date, read_instant
from tests.support.places import Place

MACRO = Path("macros/canonical/canonical_functions.sql")
BOOLEAN = Path("macros/canonical/canonical_boolean.sql")
LESS_THAN_A_DAY = Path("macros/canonical/less_than_a_day.sql")
# Near enough to a date that most are one; far enough that some are not.
DAYS = st.from_regex(
    r"(000[0-2]|19[0-9]{2}|20[0-9]{2}|2400|9999)[-/ ]?(0[0-9]|1[0-3])[-/ ]?([0-2][0-9]|3[0-2])", fullmatch=True
)
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
    assert by_sql(functions, "instant_of", microseconds, texts) == [by_python(read_instant, text) for text in texts]


def quarters(first: date, last: date) -> Iterator[str]:
    """Every quarter of an hour from one day to another, as the platform's programs write it."""
    at = datetime(first.year, first.month, first.day, tzinfo=UTC)
    while at.date() < last:
        yield at.strftime("%Y-%m-%dT%H:%M:%S")
        at += timedelta(minutes=15)


@pytest.mark.parametrize("year", [*range(1948, 1952), *range(1954, 1962), 1987, 1988, 1989])
def test_hours_that_seoul_had_twice_or_left_out_are_read_alike_one_by_one_and_by_the_column(
    functions: Place, year: int
) -> None:
    """Its clocks were set forward from March to May and back from August to October."""
    texts = list(quarters(date(year, 3, 1), date(year, 11, 1)))
    microseconds = "(extract(epoch from value) * 1000000)::bigint::text"
    wanted = by_sql(functions, "instant_of", microseconds, texts)
    assert [str(read_instant(text)) for text in texts] == wanted
    column, unread = instants(pa.array(texts))
    assert (column.cast(pa.int64()).cast(pa.string()).to_pylist(), unread) == (wanted, None)
    days = (texts[first : first + 96] for first in range(0, len(texts), 96))  # most of which the fast way reads
    assert [str(moment) for day in days for moment in instants(pa.array(day))[0].cast(pa.int64()).to_pylist()] == wanted


WORDS = [
    "0",
    "1",
    "0.0",
    "1.0",
    "1.",
    "00",
    "+1",
    "-0.0",
    "0.5",
    "2",
    "",
    "t",
    "f",
    "true",
    "false",
    "y",
    "n",
    "yes",
    "no",
    "on",
    "off",
]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(WORDS), st.sampled_from(["", " ", "  ", "\t"]), st.sampled_from([str.lower, str.upper, str.title])
)
def test_sql_and_python_read_words_for_true_and_false_alike(
    functions: Place, word: str, blanks: str, spelt: Callable[[str], str]
) -> None:
    text = f"{blanks}{spelt(word)}{blanks}"
    assert flag(functions, text, "text") == read_flag(text)


@pytest.mark.parametrize("value", [0, 1, 2, -1, 0.0, -0.0, 1.0, 0.5, float("inf"), float("nan"), 1e300])
def test_sql_and_python_read_numbers_for_true_and_false_alike(functions: Place, value: float) -> None:
    kind = "bigint" if isinstance(value, int) else "double precision"
    assert flag(functions, value, kind) == read_flag(value)
    assert read_flag(value) is {0: False, 1: True}.get(value)


SHORT = ["1h", "H", "h", "4H", "60m", "5m", "m", "15min", "Minute", "30T", "1s", "tick", "H1", "intraday", " 1h "]
LONG = ["D", "W", "M", "1d", "1w", "d", "3M", "MN1", "MN", "D1", "daily", "Week", "1Q", "y", "1mo", " D"]
UNKNOWN = ["1m", "60", "M5", "M15", "X", "", "PT1H", "1D1"]


@pytest.mark.parametrize(
    ("timeframes", "moment", "wanted"),
    [
        (SHORT, "2024-03-01", True),
        (SHORT, "2024-03-01 09:00", True),
        (LONG, "2024-03-01 09:00", False),
        (UNKNOWN, "2024-03-01", False),
        (UNKNOWN, "20240301T00:00", True),
        (UNKNOWN, None, False),
    ],
)
def test_sql_and_python_tell_bars_of_less_than_a_day_alike(
    functions: Place, timeframes: list[str], moment: str | None, wanted: bool
) -> None:
    sql = rendered(LESS_THAN_A_DAY).less_than_a_day("timeframe", "moment")
    found = functions.query(
        f"select coalesce({sql}, false) from (select timeframe, %s::text as moment from unnest(%s::text[]) "
        "with ordinality as given (timeframe, place) order by place) as bars",
        moment,
        timeframes,
    )
    by_verdict = less_than_a_day(pa.array(timeframes), pa.array([moment] * len(timeframes), pa.string()))
    assert [row[0] for row in found] == by_verdict.tolist() == [wanted] * len(timeframes)


def rendered(macro: Path) -> Any:
    """The macros of a file that need nothing of dbt, as functions that give their SQL."""
    return Environment(extensions=["jinja2.ext.do"]).from_string(macro.read_text()).make_module()


def flag(place: Place, value: object, kind: str) -> object:
    sql = rendered(BOOLEAN).canonical_boolean("given", kind)
    [(found,)] = place.query(f"select {sql} from (select %s::{kind}) as one (given)", value)
    return found


def read_flag(value: object) -> bool | None:
    try:
        return read_boolean(value)
    except ValueError:
        return None
