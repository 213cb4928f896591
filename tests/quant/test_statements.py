"""Statements, their parameters, and the types of what comes back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import psycopg2.extras
import pytest
from psycopg2.extensions import connection

from quant import InvalidValue, PostgresDatabaseManager, QueryError
from quant.core import Measured
from tests.quant.worlds import World

ALL_TYPES = """
select 1::bigint as whole, null::double precision as nothing, 'NA'::text as word, ''::text as empty,
    date '2024-01-05' as day, timestamptz '2024-01-05 09:00+09' as moment, 1.50::numeric as exact,
    '{"a": [1, null]}'::jsonb as document, true as truth, 7::integer as few
"""


def test_rows_come_in_pythons_types(db: PostgresDatabaseManager) -> None:
    assert db.execute_query(ALL_TYPES) == [
        {
            "whole": 1,
            "nothing": None,
            "word": "NA",
            "empty": "",
            "day": date(2024, 1, 5),
            "moment": datetime(2024, 1, 5, tzinfo=UTC),
            "exact": Decimal("1.50"),
            "document": {"a": [1, None]},
            "truth": True,
            "few": 7,
        }
    ]


DTYPES = {
    "whole": "int64",
    "nothing": "float64",
    "word": "str",
    "empty": "str",
    "day": "datetime64[us]",
    "moment": "datetime64[us, UTC]",
    "exact": "object",
    "document": "object",
    "truth": "bool",
    "few": "int64",
}


@pytest.mark.parametrize("where", ["", "where false"])
def test_frames_are_typed_by_the_database_also_when_empty_and_in_a_transaction(
    db: PostgresDatabaseManager, where: str
) -> None:
    outside = db.query_frame(f"{ALL_TYPES} {where}")
    with db.transaction() as t:
        inside = t.query_frame(f"{ALL_TYPES} {where}")
    for frame in (outside, inside):
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == DTYPES
    pd.testing.assert_frame_equal(outside, inside)
    if not where:
        assert outside["exact"][0] == Decimal("1.50")
        assert outside["document"][0] == {"a": [1, None]}


def test_integers_and_truth_with_nulls_stay_what_they_are(db: PostgresDatabaseManager) -> None:
    query = "select * from (values (9007199254740993::bigint, true, 'x'), (null, null, null)) as v (a, b, c)"
    frame = db.query_frame(query)
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "boolean", "str"]
    assert frame["a"][0] == 9007199254740993


@pytest.mark.parametrize(
    ("query", "params", "wanted"),
    [
        ("select count(*) as n from tickers where ticker like '0%'", None, None),
        ("select count(*) as n from tickers where ticker like '0%%' and region = %s", ("KR",), None),
        ("select (date '2024-01-22' - interval '%s days')::date as n", (21,), date(2024, 1, 1)),
        ("select 'B' = any(%s) as n", (["A", "B"],), True),
        ("select 'B' in %s as n", (("A", "B"),), True),
        ("select %s::date as n", ["2024-01-05"], date(2024, 1, 5)),
        ("select %(a)s + %(b)s as n", {"a": 1, "b": 2}, 3),
        ("select %s as n", (np.int64(5),), 5),
        ("select %s::float8 as n", (np.float64("nan"),), None),
        ("select %s::date as n", (pd.NaT,), None),
        ("select %s as n", (pd.Timestamp("2024-01-05", tz="Asia/Seoul"),), datetime(2024, 1, 4, 15, tzinfo=UTC)),
        ("select %s::jsonb as n", ({"a": np.float64(0.5), "b": float("nan")},), {"a": 0.5, "b": None}),
        ("select %s as n", ("it's \\ '' 셋",), "it's \\ '' 셋"),
        ("select %s as n", (-1,), -1),
        ("select 5-%s as n", (-1,), 6),
        ("select 0.1::float8 + %s as n", (0.2,), 0.1 + 0.2),
        ("select %s as n", (Decimal("-0.10"),), Decimal("-0.10")),
        ("select %s as n", (b"\x00\xff",), b"\x00\xff"),
    ],
)
def test_parameters_mean_the_same_in_rows_and_in_frames(
    db: PostgresDatabaseManager, query: str, params: Any, wanted: Any
) -> None:
    row = db.execute_query(query, params)[0]["n"]
    row = bytes(row) if isinstance(row, memoryview) else row
    assert wanted is None or row == wanted
    framed = db.query_frame(query, params)["n"].iloc[0]
    assert (
        (pd.isna(framed) and row is None)
        if row is None
        else framed == (pd.Timestamp(row) if isinstance(row, date) else row)
    )


def test_returning_stays_and_updates_count(db: PostgresDatabaseManager) -> None:
    made = db.execute_query("insert into strategies (name) values ('a'), ('b') returning id, name")
    assert [row["name"] for row in made] == ["a", "b"]
    assert db.execute_query("select count(*) as count from strategies")[0]["count"] == 2
    assert db.execute_update("update strategies set description = 'x' where name = %s", ("a",)) == 1
    assert (db.cursor.rowcount, db.cursor.statusmessage) == (1, "UPDATE 1")
    with pytest.raises(QueryError):
        db.execute_update("update nowhere set x = 1")
    assert db.cursor.statusmessage == "UPDATE 1"  # the last that was done
    assert db.execute_update("delete from strategies where false") == 0
    assert db.execute_query("create temporary table gone (a int)") == []


@pytest.mark.parametrize("params", ["text", 5, {1, 2}])
def test_parameters_that_are_none(db: PostgresDatabaseManager, params: Any) -> None:
    with pytest.raises(InvalidValue, match="a tuple, a list or a dict"):
        db.execute_query("select %s", params)


def test_streams_give_their_connection_back(world: World) -> None:
    with world.manager(pool_min_conn=0, pool_max_conn=1, pool_timeout=5.0) as db:
        whole = list(db.stream_query("select n from generate_series(1, %s) as n", (5000,)))
        assert (len(whole), whole[-1]) == (5000, {"n": 5000})
        begun = db.stream_query("select n from generate_series(1, 100000) as n")
        assert next(begun) == {"n": 1}
        assert db.pool_stats().in_use == 1
        begun.close()  # type: ignore[attr-defined]
        assert db.test_connection()


def test_statements_that_are_no_select_make_frames_too(db: PostgresDatabaseManager) -> None:
    assert db.query_frame("show timezone")["TimeZone"].tolist() == ["UTC"]
    assert db.query_frame("select 1 as a;  ")["a"].tolist() == [1]
    assert db.query_frame("select 1 as a -- the first")["a"].tolist() == [1]
    assert db.query_frame("with x as (select 2 as a) select * from x")["a"].tolist() == [2]


def test_a_connection_of_the_pools_is_psycopg2s(world: World) -> None:
    with world.manager(pool_min_conn=0, pool_max_conn=1, pool_timeout=5.0) as db:
        with db._get_connection() as raw:
            assert isinstance(raw, connection)
            with raw.cursor() as cursor:
                values = [("x", 1), ("y", 2)]
                psycopg2.extras.execute_batch(
                    cursor, "insert into strategies (name, description) values (%s, %s)", values
                )
        assert len(db.get_strategies()) == 2
        lent = db.get_connection()
        lent.autocommit = True
        with lent.cursor() as cursor:
            cursor.execute("delete from strategies")
        lent.close()
        lent.close()
        assert db.get_strategies() == []
        with pytest.raises(psycopg2.DataError), db._get_connection() as raw, raw.cursor() as cursor:
            cursor.execute("insert into strategies (name) values ('never'); select 1/0")
        assert (db.get_strategies(), db.pool_stats().in_use) == ([], 0)
        with db._get_connection() as raw:
            assert pd.read_sql_query("select 1 as a", raw)["a"].tolist() == [1]


def test_the_hook_is_told_of_each_call(world: World) -> None:
    told: list[Measured] = []
    with world.manager(on_call=told.append) as db:
        db.query_frame("select * from generate_series(1, 3)")
        db.execute_query("select * from generate_series(1, 4)")
    assert [one.rows for one in told] == [3, 4]
    assert all(one.wait >= 0 and one.duration > 0 for one in told)


def test_errors_are_sentences_without_the_password(world: World) -> None:
    with world.manager(statement_timeout=0.2) as db:
        with pytest.raises(QueryError, match="syntax error"):
            db.query_frame("select from from")
        with pytest.raises(InvalidValue, match="division by zero"):
            db.query_frame("select 1/0")
        for ask in (db.query_frame, db.execute_query):
            with pytest.raises(InvalidValue, match="placeholders"):
                ask("select %s, %s", (1,))
            with pytest.raises(InvalidValue, match="placeholders"):
                ask("select %(a)s", {"b": 1})
        with pytest.raises(InvalidValue, match="DataFrame"):
            db.query_frame("select date 'infinity'")
        if world.place.environment["QUANT_TARGET"] == "server":
            with pytest.raises(QueryError, match="statement_timeout"):
                db.execute_query("select pg_sleep(5)")
        assert db.password not in repr(db)
        assert db.test_connection()
