"""Where the project keeps things; one place, so that no module builds paths of its own."""

from __future__ import annotations

import os
from pathlib import Path

from quant import environment

PROJECT = environment.PROJECT
DATA = PROJECT / "data"


def as_text(path: Path) -> str:
    """A path as text, also where this locale cannot read its name: names are UTF-8 nearly everywhere."""
    return os.fsencode(path).decode("utf-8", "replace")


def source_path(given: str | os.PathLike[str] | None = None) -> Path:
    """The SQLite file: the one given, else `SPOCK_SQLITE`, else `data/spock_local.db` of the project."""
    chosen = given or environment.get("SPOCK_SQLITE")
    return Path(chosen).expanduser() if chosen else DATA / "spock_local.db"
