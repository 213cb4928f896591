"""Loads of small files, each test's into a target without raw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.places import Place


@pytest.fixture
def empty_raw(place: Place) -> None:
    """Nothing was ever loaded."""
    place.query("drop schema if exists raw cascade")


def load(place: Place, source: Path, *more: str, check: bool = True) -> dict[str, object]:
    """What `loader.run --json` says; rows may be rejected."""
    done = place.run("python", "-m", "loader.run", "--source", str(source), "--json", *more, check=False)
    assert not check or done.returncode in (0, 1), done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    assert "dry_run" in document or document["well"] is (done.returncode == 0)
    return document
