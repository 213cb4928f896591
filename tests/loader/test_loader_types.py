"""Which type a column gets, and which values it cannot hold, at the edges of both."""

from __future__ import annotations

import pytest

from loader.source import SourceColumn
from loader.types import BIGINT, BYTEA, DOUBLE, TEXT, Text, declared_type, guard, misfit, postgres_type

NONE = dict.fromkeys(("integer", "real", "text", "blob", "inexact"), 0)


@pytest.mark.parametrize(
    ("value", "chosen", "reason"),
    [
        (None, BIGINT, None),
        (Text("셋".encode()), TEXT, None),
        (Text(b"\xff"), TEXT, "text that is not UTF-8"),
        (Text(b"a\0b"), TEXT, "text with a NUL character, which PostgreSQL cannot hold"),
        (Text(b"a"), DOUBLE, "text in a column of double precision"),
        (Text(b"a"), BYTEA, "text in a column of bytea"),
        (2**53, DOUBLE, None),
        (-(2**53), DOUBLE, None),
        (2**53 + 1, DOUBLE, "an integer that a double cannot hold exactly"),
        (2**63 - 1, BIGINT, None),
        (1, TEXT, "an integer in a column of text"),
        (0.5, DOUBLE, None),
        (0.5, BIGINT, "a real number in a column of bigint"),
        (b"a", BYTEA, None),
        (b"a", TEXT, "a blob in a column of text"),
    ],
)
def test_what_does_not_fit_is_told_why(value: object, chosen: str, reason: str | None) -> None:
    assert misfit(value, chosen) == reason


@pytest.mark.parametrize(
    ("declared", "kind"),
    [("boolean", BIGINT), ("DATETIME", TEXT), ("Time", TEXT), ("", TEXT), ("blob", BYTEA), ("decimal(10, 2)", DOUBLE)],
)
def test_an_empty_column_has_the_type_that_it_declares(declared: str, kind: str) -> None:
    column = SourceColumn("c", declared)
    assert declared_type(column) == postgres_type(column, NONE) == kind


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ({"integer": 3, "text": 2}, BIGINT),
        ({"integer": 3, "real": 1}, DOUBLE),
        ({"integer": 3, "real": 1, "inexact": 3}, BIGINT),
        ({"text": 2, "blob": 3}, BYTEA),
    ],
)
def test_most_values_decide(counts: dict[str, int], kind: str) -> None:
    assert postgres_type(SourceColumn("c", "decimal"), NONE | counts) == kind


@pytest.mark.parametrize(("declared", "kind"), [("decimal", DOUBLE), ("date", TEXT), ("blob", BYTEA)])
def test_where_as_many_say_otherwise_the_declaration_decides(declared: str, kind: str) -> None:
    assert postgres_type(SourceColumn("c", declared), NONE | {"real": 2, "text": 2, "blob": 2}) == kind


def test_a_guard_stands_where_affinity_leaves_several_classes() -> None:
    assert guard(SourceColumn("c", "real"), DOUBLE) is None
    assert guard(SourceColumn("c", "integer"), DOUBLE) is not None
    assert guard(SourceColumn("c", ""), TEXT) == "typeof(\"c\") not in ('text', 'null')"
