"""Counts and names as they are told."""

from __future__ import annotations

import pytest

from quant.text import as_json, counted, meant, printable, width


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1000, "1,000 rows"), (-1, "-1 rows")]
)
def test_a_count_has_its_noun(value: int, told: str) -> None:
    assert counted(value, "row") == told


def test_another_plural_is_told() -> None:
    assert [counted(number, "index", "indexes") for number in (1, 2)] == ["1 index", "2 indexes"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("삼성", "삼성"), ("a\x1b[2J", r"a\x1b[2J"), ("\u202ea", r"\u202ea"), ("a\u2028", r"a\u2028"), ("a\nb", r"a\nb")],
)
def test_nothing_steers_a_terminal(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert "\x1b" not in as_json({name: name})
    assert "\u202e" not in as_json({name: name})


def test_wide_letters_take_two_columns() -> None:
    assert [width(text) for text in ("", "ab", "삼성", "ＡＢ")] == [0, 2, 4, 4]


def test_what_is_near_is_meant() -> None:
    assert meant("ticker", ["tickers", "etfs"]) == " (do you mean tickers?)"
    assert meant("x", ["tickers"]) == ""
