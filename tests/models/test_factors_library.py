"""The factors as a quant meets them: the report's page, and the recipe that adds one, followed to the letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, cast
from unittest import mock

import pytest

from expectations.factors import judged, reading
from expectations.factors.calendar import months_after
from expectations.factors.judged import Judge
from expectations.report import factors, pages
from expectations.report.facts import Facts
from expectations.report.render import render
from expectations.verdict import Verdict
from quant.paths import PROJECT
from tests.support.factors_ground import ON, connected, empty, generate, score
from tests.support.places import Place
from tests.support.projects import copied

pytestmark = pytest.mark.story

BLOCKS = re.compile(r"^ *```(sql|csv|console)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def market(
    make_place: Callable[[str], contextmanager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A region with enough stocks for information coefficients, and one with too few."""
    with make_place("server") as place:
        empty(place, tmp_path_factory.mktemp("source"))
        place.run("dbt", "run", "--exclude", "factors")
        generate(place, "XA", stocks=26)
        generate(place, "XB")
        place.run("dbt", "seed", **ON)
        score(place)
        yield place


def facts(market: Place) -> Facts:
    found = mock.Mock(spec=Facts)
    found.factors = tuple(
        factors.gather(lambda sql, *values: cast("list[tuple[Any, ...]]", market.query(sql, *values)))
    )
    return cast("Facts", found)


@pytest.mark.parametrize("kind", ["html", "md"])
def test_the_page_shows_every_factor_of_every_region(market: Place, kind: str) -> None:
    page = render(pages.FACTORS, mock.Mock(spec=Verdict), facts(market), kind)
    for name in reading.settings().names:
        assert name in page.replace("\\", "")
    assert "stocks in XA" in page
    assert "nan" not in page.lower().replace("earnings", "")
    if kind == "html":
        assert page.count("<figure") == page.count("</figure>") > 6
        assert re.search(r"XB\s+has\s+no month with enough stocks", page)


def test_a_day_that_programs_write_for_never_has_months_after_it() -> None:
    assert [months_after(date(9999, 12, 31), 12), months_after(date(1, 1, 31), -1)] == [date.max, date.min]
    assert months_after(date(2024, 8, 31), -6) == date(2024, 2, 29)


def test_there_is_no_page_where_nothing_was_scored() -> None:
    assert not pages.FACTORS.there(mock.Mock(spec=Facts, factors=()))
    assert pages.REPORT.there(mock.Mock(spec=Facts, factors=()))


def test_a_price_that_changed_after_the_build_makes_its_region_stale_and_nothing_wrong(market: Place) -> None:
    change = "update public.ohlcv_data set close = close * {} where ticker = 'XA1' and date > '2025-03-01'"
    with connected(market) as connection:
        assert Judge(connection).days().problems == []
        market.query(change.format("2"))
        judge = Judge(connection)
        stale, found, evaluated = judge.days().problems, judge.recomputed(1), judge.evaluation(1)
        market.query(change.format("0.5"))
    assert stale == ["XA: prices or reports have changed since they were scored: run `dbt build`"]
    assert "without XA" in found.looked_at
    assert found.problems == evaluated.problems == []


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("factor_ic", "ic = ic + 1e-6"),
        ("factor_quintiles", "mean_return = mean_return + 1e-6"),
        ("factor_turnover", "turnover = turnover + 1e-6"),
        ("factor_correlations", "coefficient = coefficient - 1e-6"),
        ("factor_coverage", "covered = covered + 1"),
    ],
)
def test_an_evaluation_that_is_not_what_scores_and_prices_give_is_found(market: Place, table: str, change: str) -> None:
    with connected(market) as connection, mock.patch.object(judged, "MONTHS", 1000):
        assert Judge(connection).evaluation(1).problems == []
        with connection.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(f"update factors.{table} set {change}")
            assert any(table in problem for problem in Judge(connection).evaluation(1).problems)
            cursor.execute("rollback")


def test_the_recipe_adds_a_factor(market: Place, tmp_path: Path) -> None:
    told = dict(BLOCKS.findall((PROJECT / "CONTRIBUTING.md").read_text()))
    copied(tmp_path)
    model, seed = tmp_path / "models/factors/factor_raw.sql", tmp_path / "seeds/factors/factors.csv"
    lines = model.read_text().splitlines(keepends=True)
    [place] = [number for number, line in enumerate(lines) if line.lstrip().startswith("('roe',")]
    model.write_text("".join([*lines[: place + 1], told["sql"], *lines[place + 1 :]]))
    seed.write_text(seed.read_text() + told["csv"].strip() + "\n")
    name = told["csv"].strip().split(",")[0]
    command = [*told["console"].split(), "--select", "factors"]
    market.run(*command, "--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path / "profiles"), **ON)
    assert market.query("select 1 from public.factor_scores where factor_name = %s and raw_value is not null", name)
    assert market.query("select 1 from factors.factor_coverage where factor_name = %s and covered > 0", name)
    with connected(market) as connection, mock.patch.object(reading, "SEEDS", tmp_path / "seeds/factors"):
        found = Judge(connection).recomputed(1)
        assert found.problems == Judge(connection).evaluation(1).problems == []
    assert f"{name} only the models know" in found.looked_at
