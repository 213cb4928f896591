"""The recipes of CONTRIBUTING.md, followed to the letter on a copy, up to a verdict that names what is new."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from expectations import manifest
from quant.paths import PROJECT
from tests.support.places import Place
from tests.support.projects import copied
from tests.support.sources import write

DOCUMENT = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"^(New file|In) `([^`]+)`(?:, (after|before) the (?:first )?line with `([^`]+)`)?[^\n]*:\n\n```\w+\n(.*?)^```",
    re.MULTILINE | re.DOTALL,
)
COMMANDS = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Recipe:
    """A section of the document: the files that it makes and the lines that it adds."""

    title: str

    def follow(self, project: Path) -> None:
        section = DOCUMENT.split(f"## {self.title}\n")[1].split("\n## ")[0]
        steps = STEP.findall(section)
        assert len(steps) == section.count("\n```") // 2, "a block that no sentence says the place of"
        for kind, name, side, anchor, text in steps:
            file = project / name
            if kind == "New file":
                assert not file.exists()
                file.write_text(text, encoding="utf-8")
                continue
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            place = next(number for number, line in enumerate(lines) if anchor in line) + (side == "after")
            file.write_text("".join([*lines[:place], text, *lines[place:]]), encoding="utf-8")


TABLE, AGGREGATE, EXPECTATION, COLUMN = map(
    Recipe, ("Add a table", "Add an aggregate", "Add an expectation", "Add a column")
)


@dataclass(frozen=True)
class Done:
    """The target after all of them, what the verdict said, and the expectations that passed."""

    place: Place
    said: str
    passed: set[str]


@pytest.fixture(scope="module")
def done(
    make_place: Callable[[str], contextmanager[Place]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Done]:
    """A small source whose trades have got a column, and all four recipes in a row."""
    manifest.read()
    folder = copied(tmp_path_factory.mktemp("project"))
    shutil.copy(PROJECT / "profiles.yml", folder)
    for name in ("quant", "loader", "embedded", "expectations"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    for recipe in (TABLE, AGGREGATE, EXPECTATION, COLUMN):
        recipe.follow(folder)
    [commands, *_] = COMMANDS.findall(DOCUMENT)
    source = tmp_path_factory.mktemp("source") / "spock.db"
    with make_place("server") as place:
        paths = f"{folder}:{folder / 'profiles'}"
        environment = place.environment | {"SPOCK_SQLITE": str(source), "PYTHONPATH": paths}

        def run(command: str) -> str:
            words = Place.command(*command.split())
            ended = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stdout + ended.stderr
            return ended.stdout

        place.run("python", "-m", "loader.sample", "--rows", "5000", "--quiet", "--output", str(source))
        write(
            source,
            "alter table trades add column settlement_date text",
            "update trades set settlement_date = '2024-01-05'",
        )
        run("python -m loader.run")
        said = [run(command) for command in commands.splitlines()][-1]
        checks = json.loads((folder / "reports" / "phase1.json").read_text(encoding="utf-8"))["checks"]
        yield Done(place, said, {check["description"] for check in checks if check["passed"]})


def test_a_new_table_is_filled_counted_and_judged(done: Done) -> None:
    counted = "select public_rows > 0, difference from audit.conservation where table_name = 'stock_sentiment'"
    assert done.place.query(counted) == [(True, 0)]
    assert "every value of public.stock_sentiment is the source's in canonical form" in done.passed
    assert "every ticker, region of stock_sentiment is in tickers" in done.passed
    comment = "select col_description('public.stock_sentiment'::regclass, 4)"
    assert done.place.query(comment) == [("Day of the news.",)]


def test_a_new_aggregate_is_refreshed_and_worked_out_again(done: Done) -> None:
    assert done.place.query("select count(*) > 100 from ohlcv_weekly where extract(isodow from week) = 1") == [(True,)]
    assert "every bucket of ohlcv_weekly is what its rows of ohlcv_data give" in done.passed
    assert "ohlcv_weekly is made by the SQL of its model" in done.passed
    assert "lag of ohlcv_weekly" in done.said


def test_a_new_expectation_is_asked(done: Done) -> None:
    assert "shares        2 of 2 expectations passed" in done.said


def test_a_new_column_has_its_type_comment_and_values(done: Done) -> None:
    asked = "select pg_typeof(settlement_date)::text, settlement_date::text from trades where source_rowid = 1"
    assert done.place.query(asked) == [("date", "2024-01-05")]
    comments = "select description from pg_description where objoid = 'public.trades'::regclass"
    assert ("Day on which the trade is settled.",) in done.place.query(comments)
    assert "every value of public.trades is the source's in canonical form" in done.passed
