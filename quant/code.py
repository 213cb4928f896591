"""Which code this is, so that a verdict of other code is not taken for one of this."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from quant.environment import PROJECT

FOLDERS = ("quant", "loader", "expectations", "profiles", "macros", "models", "seeds", "tests/generic")
FILES = ("dbt_project.yml", "profiles.yml", "requirements.lock")
KINDS = (".py", ".sql", ".yml", ".json", ".csv", ".md")


def digest(project: Path = PROJECT) -> str:
    """A fingerprint of all files that load, build and verdict are made of."""
    digester = sha256()
    for path in sorted(_files(project)):
        digester.update(path.relative_to(project).as_posix().encode() + b"\0")
        digester.update(path.read_bytes() + b"\0")
    return digester.hexdigest()[:32]


def _files(project: Path) -> Iterator[Path]:
    yield from (project / name for name in FILES if (project / name).exists())
    for folder in FOLDERS:
        yield from (path for path in (project / folder).rglob("*") if path.suffix in KINDS and path.is_file())
