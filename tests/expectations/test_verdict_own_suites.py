"""A suite that somebody wrote by hand, in Great Expectations' own types, is one file, and its verdict counts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from expectations import preflight, stock, suites
from expectations.expected.base import identity
from quant.errors import UserError
from quant.paths import PROJECT
from tests.support.projects import copied
from tests.support.verdict_ground import Ground

ALL = [
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "ticker"}},
    {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
    {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "region", "value_set": ["KR", "US", "CN", "HK", "JP", "VN"]},
    },
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "region", "regex": "^[A-Z]+$", "mostly": 0.9}},
    {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": "select * from {batch} where ticker = ''"},
    },
    {"type": "expect_no_rows", "kwargs": {"query": "select ticker from public.tickers where ticker = ''"}},
]


@dataclass(frozen=True)
class Scratch:
    """A copy of the project in which somebody writes suites."""

    folder: Path
    ground: Ground

    def write(self, expectations: list[dict[str, Any]], about: str = "tickers", name: str = "securities") -> Path:
        path = self.folder / "expectations" / "suites" / f"{name}.json"
        path.write_text(json.dumps({"name": name, "meta": {"table": about}, "expectations": expectations}))
        return path

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        words = ["checkpoint", "run", "phase1", "--source", str(self.ground.source), *more]
        environment = self.ground.place.environment | {"PYTHONPATH": str(self.folder)}
        return subprocess.run(
            [sys.executable, "-m", "expectations.cli", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def scratch(migrated: Ground, tmp_path: Path) -> Scratch:
    folder = tmp_path / "project"
    folder.mkdir()
    copied(folder)
    for name in ("expectations", "loader", "quant"):
        shutil.copytree(PROJECT / name, folder / name)
    shutil.copy(PROJECT / "pyproject.toml", folder)
    if (PROJECT / "embedded").is_dir():
        os.symlink(PROJECT / "embedded", folder / "embedded")
    return Scratch(folder, migrated)


def test_a_suite_of_stock_types_passes_fails_and_stands_in_the_report(scratch: Scratch, tmp_path: Path) -> None:
    scratch.write(ALL)
    passed = scratch.run("--only", "securities", "--report", str(tmp_path / "reports"))
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "securities    6 of 6 expectations passed" in passed.stdout
    scratch.write(
        [
            {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "region", "value_set": ["US"]}},
            {"type": "expect_table_row_count_to_be_between", "kwargs": {"max_value": 0}, "severity": "warning"},
            {
                "type": "expect_column_values_to_be_null",
                "kwargs": {"column": "region"},
                "description": "no ticker has a region",
            },
        ]
    )
    docs = tmp_path / "docs"
    failed = scratch.run("--only", "securities", "--report", str(tmp_path / "reports"), "--data-docs", str(docs))
    assert failed.returncode == 1, failed.stdout + failed.stderr
    ((tickers,),) = scratch.ground.query("select count(*) from public.tickers")
    ((others,),) = scratch.ground.query("select count(*) from public.tickers where region <> 'US'")
    for line in (
        f"securities: failed (critical): {others:,} of {tickers:,} rows of tickers are not as expected in region",
        "  expected: expect column values to be in set in tickers (column region, value_set ['US'])",
        f"securities: failed (warning): tickers is not as expected: found {tickers}",
        f"securities: failed (critical): {tickers:,} of {tickers:,} rows of tickers are not as expected in region",
        "  expected: no ticker has a region",
    ):
        assert line in failed.stdout.splitlines()
    assert "\n  KR: " in failed.stdout
    assert "phase1: failed, 2 failures (2 securities), 1 warning (1 securities), " in failed.stdout
    document = json.loads((tmp_path / "reports" / "phase1-securities.json").read_text(encoding="utf-8"))
    assert [check["suite"] for check in document["checks"]] == ["securities"] * 3
    page = (tmp_path / "reports" / "phase1-securities.html").read_text(encoding="utf-8")
    assert "expected: no ticker has a region" in page
    assert (docs / "expectations" / "securities.html").exists()
    configured = (scratch.folder / "expectations" / "great_expectations.yml").read_text(encoding="utf-8")
    assert "securities" not in configured


def test_a_suite_of_ones_own_is_part_of_the_whole_verdict_and_no_run_writes_it_anew(scratch: Scratch) -> None:
    path = scratch.write(
        [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "_rowid"}}], "raw.trades"
    )
    written = path.read_text(encoding="utf-8")
    whole = scratch.run("--no-report")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "securities    1 of 1 expectations passed" in whole.stdout
    suites.write(scratch.folder / "expectations")
    assert path.read_text(encoding="utf-8") == written


def test_a_column_that_is_not_there_is_no_verdict(scratch: Scratch) -> None:
    scratch.write([{"type": "expect_column_values_to_be_unique", "kwargs": {"column": "tikcer"}}, ALL[1]])
    done = scratch.run("--no-report", "--only", "securities")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "securities: could not be evaluated: expect column values to be unique in tickers" in done.stdout
    assert "tikcer" in done.stdout
    assert "securities    1 of 2 expectations passed" in done.stdout


def test_a_table_that_is_not_there_is_said_before_anything_is_read(scratch: Scratch) -> None:
    scratch.write(ALL[:1], about="tikcers")
    done = scratch.run("--no-report", "--only", "securities")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The suite securities is about public.tikcers, which is not in ")


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    folder = tmp_path / "expectations"
    return shutil.copytree(suites.FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "parity"))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"expectations": ALL}, 'needs "meta": {"table": "…"}'),
        ({"meta": {"table": "tickers"}}, 'needs "meta": {"table": "…"}, the table that it is about, and a list'),
        ({"meta": {"table": "tickers"}, "expectations": []}, "The suite mine expects nothing: mend it."),
        (
            {"meta": {"table": "tickers"}, "expectations": [{"type": "expect_colum_to_exist", "kwargs": {}}]},
            r"no expectation 'expect_colum_to_exist' \(expect_column_to_exist\?\) in .*mine.json: mend it.",
        ),
        (
            {"meta": {"table": "tickers"}, "expectations": [{"type": "expect_column_to_exist", "kwargs": {}}]},
            "expect_column_to_exist needs column, and is told nothing, in .*mine.json: mend it.",
        ),
        (
            {"meta": {"table": "tickers"}, "expectations": [ALL[0] | {"kwargs": {"column": "a", "colum": "b"}}]},
            "expect_column_values_to_not_be_null is told colum; it knows column, ",
        ),
        ({"meta": {"table": "tickers"}, "expectations": [{"type": "expect_no_rows"}]}, 'without "type" or "kwargs"'),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(committed: Path, document: dict[str, Any], told: str) -> None:
    (committed / "suites" / "mine.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UserError, match=told):
        preflight.checkpoint("phase1", committed)


def test_the_stock_types_are_those_that_great_expectations_registers() -> None:
    from great_expectations.expectations import registry

    assert len(stock.types()) > 40
    assert stock.types().keys() <= set(registry.list_registered_expectation_implementations())


def test_a_suite_that_is_generated_no_more_is_told_from_one_of_ones_own(committed: Path) -> None:
    document = json.loads((committed / "suites" / "counts.json").read_text(encoding="utf-8"))
    old = committed / "suites" / "gone.json"
    old.write_text(json.dumps(document | {"name": "gone", "id": identity("suite", "gone")}), encoding="utf-8")
    with pytest.raises(UserError, match=r"gone.json is of a suite that is no more: run"):
        preflight.checkpoint("phase1", committed)
    suites.write(committed)
    assert not old.exists()
    assert preflight.checkpoint("phase1", committed).own == {}
