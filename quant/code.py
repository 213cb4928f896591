"""Which code this is, so that a verdict of other code is not taken for one of this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from quant.environment import PROJECT

FOLDERS = ("quant", "loader", "expectations", "profiles", "macros", "models", "packages", "seeds", "tests/generic")
FILES = ("dbt_project.yml", "packages.yml", "profiles.yml", "requirements.lock")
KINDS = (".py", ".sql", ".yml", ".json", ".csv", ".md")


def digest(project: Path = PROJECT) -> str:
    """A fingerprint of all files that load, build and verdict are made of."""
    digester = sha256()
    for path, content in contents(project, FOLDERS, FILES):
        digester.update(path.encode() + b"\0")
        digester.update(content + b"\0")
    return digester.hexdigest()[:32]


def contents(project: Path, folders: Sequence[str], files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file of code in folders of a project, and of files that are there."""
    found = [project / name for name in files if (project / name).exists()]
    for folder in folders:
        found += (path for path in (project / folder).rglob("*") if path.suffix in KINDS and path.is_file())
    for path in sorted(found):
        yield path.relative_to(project).as_posix(), path.read_bytes()
