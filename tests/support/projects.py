"""Copies of the dbt project that a test may edit."""

from __future__ import annotations

import shutil
from pathlib import Path

from expectations import manifest
from quant.paths import PROJECT

FOLDERS = (*manifest.FOLDERS, "dbt_packages", "profiles")


def copied(folder: Path) -> Path:
    """The project as dbt reads it, in a folder, with what dbt has parsed of it so that little is parsed again."""
    for name in manifest.FILES:
        if (PROJECT / name).exists():
            shutil.copy(PROJECT / name, folder)
    for name in FOLDERS:
        if (PROJECT / name).exists():
            shutil.copytree(PROJECT / name, folder / name, symlinks=name == "dbt_packages")
    kept = PROJECT / "target" / "declared"
    if kept.exists():
        shutil.copytree(kept, folder / "target" / "declared")
    return folder


def edit(project: Path, file: str, before: str, after: str) -> None:
    """Replace a text that is there."""
    text = (project / file).read_text(encoding="utf-8")
    assert before in text, f"{file} has no {before!r}"
    (project / file).write_text(text.replace(before, after), encoding="utf-8")


def options(project: Path) -> list[str]:
    """What tells dbt to use it."""
    return ["--project-dir", str(project), "--profiles-dir", str(project / "profiles")]
