"""Values at the edges of their types, on the way to the database: without one."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quant import names, values
from quant.errors import InvalidValue, UnknownRegion
from quant.literals import dump_json, literal, plain, render


@pytest.mark.parametrize(
    ("given", "sql"),
    [
        (None, "NULL"),
        (math.nan, "NULL"),
        (True, "true"),
        (7, "7"),
        (-7, " -7"),
        (-0.0, " -0.0"),
        (math.inf, "'inf'::float8"),
        (Decimal("1.50"), "1.50"),
        ("O'Neil", "'O''Neil'"),
        (date(2024, 1, 31), "'2024-01-31'::date"),
        (datetime(2024, 1, 31, 9), "'2024-01-31T09:00:00'::timestamp"),
        (datetime(2024, 1, 31, 9, tzinfo=UTC), "'2024-01-31T09:00:00+00:00'::timestamptz"),
        (b"\x01", "'\\x01'::bytea"),
        ([], "'{}'"),
        ([1, "a"], "ARRAY[1,'a']"),
        ((1, 2), "(1, 2)"),
        (np.int64(5), "5"),
    ],
)
def test_a_value_is_written_as_psycopg2_writes_it(given: Any, sql: str) -> None:
    assert literal(given) == sql


def test_what_sql_has_no_word_for_is_refused() -> None:
    with pytest.raises(InvalidValue, match="has a NUL in it"):
        literal("a\0b")
    with pytest.raises(InvalidValue, match="of the type object"):
        literal(object())
    with pytest.raises(InvalidValue, match="do not fit the statement's placeholders"):
        render("select %s, %s", (1,))
    assert render("select 1 where x like 'a%'", ()) == "select 1 where x like 'a%'"


def test_nothing_is_none_and_json_knows_no_nan() -> None:
    assert [plain(one) for one in (pd.NA, pd.NaT, np.float64("nan"), np.bool_(False))] == [None, None, None, False]
    assert dump_json({"a": [math.nan, Decimal("0.5"), date(2024, 1, 31)]}) == '{"a": [null, 0.5, "2024-01-31"]}'
    with pytest.raises(InvalidValue, match="JSON cannot hold this"):
        dump_json({"a": math.inf})


@pytest.mark.parametrize(
    ("given", "kind", "made"),
    [
        ([1.0, math.nan], "int8", [1, None]),
        ([2**63 - 1, -(2**63)], "int8", [2**63 - 1, -(2**63)]),
        ([1, 0, None], "bool", [True, False, None]),
        (["2024/01/31", "20240131"], "date", [date(2024, 1, 31)] * 2),
        ([0.1], "numeric", ["0.1"]),
        ([-0.0], "float8", [-0.0]),
        (['{"a": 1}', "a"], "jsonb", ['{"a": 1}', '"a"']),
        (["2024-01-31"], "timestamptz", [datetime(2024, 1, 31, tzinfo=UTC)]),
    ],
)
def test_columns_hold_what_their_types_can(given: list[Any], kind: str, made: list[Any]) -> None:
    found = values.column(given, kind, "t.c").to_pylist()
    assert (found, list(map(str, found))) == (made, list(map(str, made)))  # -0.0 is not 0.0
    if kind in ("int8", "float8"):
        assert values.column(pd.Series(given), kind, "t.c").to_pylist() == made


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ([1, 1.5], "int8", r"t\.c, row 1: 1\.5 is no whole number"),
        ([2**63], "int8", "is no whole number that a bigint holds"),
        ([2], "bool", "2 is no truth value"),
        (["1"], "float8", "'1' is no number"),
        ([True], "numeric", "True is no number"),
        (["2024-02-30"], "date", "which is no date"),
        (["a\0"], "text", "has a NUL"),
    ],
)
def test_what_does_not_fit_is_told_with_its_row(given: list[Any], kind: str, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        values.column(given, kind, "t.c")
    with pytest.raises(InvalidValue, match=said):
        values.column(pd.Series(given, dtype=object), kind, "t.c")


def test_a_series_beyond_a_bigint_is_refused_as_a_list_is() -> None:
    with pytest.raises(InvalidValue, match="is no whole number that a bigint holds"):
        values.column(pd.Series([2.0**63]), "int8", "t.c")
    with pytest.raises(InvalidValue, match="keys such as '005930' are text"):
        values.column([5930], "text", "t.c", is_key=True)


def test_a_region_is_the_only_one_that_lists_it_or_what_its_shape_says() -> None:
    assert names.resolved_region("AAPL", ["VN"]) == "VN"
    assert names.resolved_region("AAPL", []) == "US"
    assert names.known_region(" kr") == "KR"
    with pytest.raises(UnknownRegion, match="is listed in KR and US"):
        names.resolved_region("X", ["US", "KR"])
    with pytest.raises(UnknownRegion, match="has the shape of none"):
        names.resolved_region("?", [])


def test_a_limit_is_none_or_a_whole_number() -> None:
    assert [names.as_limit(one) for one in (None, 0, np.int64(3))] == [None, 0, 3]
    for wrong in (-1, True, 1.5, "1"):
        with pytest.raises(InvalidValue, match="The limit is"):
            names.as_limit(wrong)
