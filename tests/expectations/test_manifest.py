"""The declaration that the verdict reads is dbt's own parse of the files that are there, and never of others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from expectations import catalog, manifest
from quant.errors import UserError
from quant.paths import PROJECT
from tests.support.projects import copied, edit

YML = "models/quant/strategies.yml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    manifest.read()  # so that the copies have it
    return copied(tmp_path_factory.mktemp("project"))


def kept(project: Path) -> set[Path]:
    return set((project / "target" / "declared").glob("*.json"))


@pytest.fixture
def edited(project: Path) -> Iterator[Path]:
    """The copy, which is as it was afterwards."""
    before = (project / YML).read_text(encoding="utf-8")
    yield project
    (project / YML).write_text(before, encoding="utf-8")


def test_two_that_ask_at_once_see_a_change_and_going_back_costs_no_parse(edited: Path) -> None:
    first, before = catalog.read(edited).tables["strategies"], (edited / YML).read_text(encoding="utf-8")
    edit(edited, YML, "data_type: bigint", "data_type: int8")
    (edited / "target" / "declared" / f"{manifest.digest(edited)}.json").write_text('{"nodes": {"mod')
    asked = f"catalog.read(Path({str(edited)!r})).tables['strategies'].columns"
    program = f"from pathlib import Path; from expectations import catalog; print({asked})"
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=PROJECT) for _ in "ab"]
    told = [one.communicate()[0].decode() for one in running]
    assert [one.returncode for one in running] == [0, 0]
    assert told == [f"{dict(first.columns) | {'id': 'int8'}}\n"] * 2
    there = kept(edited)
    (edited / YML).write_text(before, encoding="utf-8")
    assert catalog.read(edited).tables["strategies"] == first
    assert kept(edited) == there


def test_where_nothing_can_be_kept_it_is_parsed_each_time(project: Path) -> None:
    folder, aside = project / "target" / "declared", project / "target" / "aside"
    folder.rename(aside)
    folder.write_text("a file")
    assert "strategies" in catalog.read(project).tables
    folder.unlink()
    aside.rename(folder)


def test_a_manifest_of_other_vars_files_or_commands_is_not_kept(edited: Path) -> None:
    before, made = manifest.digest(edited), edited / "target" / "manifest.json"
    for one in kept(edited):
        one.unlink()
    made.write_text(json.dumps({"metadata": {"invocation_id": "ours"}}))
    manifest.keep("ours", ["build", "--vars", "{ohlcv_chunk_interval: 1 month}"], before, "target", edited)
    manifest.keep("another", ["build"], before, "target", edited)
    edit(edited, YML, "data_type: bigint", "data_type: int8")
    manifest.keep("ours", ["build"], before, "target", edited)
    assert kept(edited) == set()
    manifest.keep("ours", ["build"], manifest.digest(edited), "target", edited)
    assert {one.stem for one in kept(edited)} == {manifest.digest(edited)}


def test_the_environment_that_the_project_asks_for_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANT_FACTORS", "true")
    with_factors = manifest.digest()
    monkeypatch.setenv("QUANT_FACTORS", "false")
    monkeypatch.setenv("POSTGRES_HOST", "elsewhere")
    without = manifest.digest()
    monkeypatch.setenv("POSTGRES_HOST", "here")
    assert without == manifest.digest() != with_factors


def test_a_project_that_dbt_cannot_parse_ends_in_its_words(edited: Path) -> None:
    edit(edited, YML, "models:", "models: [")
    with pytest.raises(UserError, match=r"dbt cannot parse .*strategies"):
        catalog.read(edited)
