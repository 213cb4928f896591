"""What the doctor looks at: each function yields findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is; the names are those that people see."""

    OK = "ok"
    WARNING = "see"  # the commands run, but something is not well
    ERROR = "MEND"  # a command could not run


@dataclass(frozen=True)
class Finding:
    """A line of the doctor: what was looked at, how it is, and what was found, with the cure where it is not well."""

    what: str
    level: Level
    said: str


def ok(what: str, said: str) -> Finding:
    """All is well."""
    return Finding(what, Level.OK, said)


def see(what: str, said: str) -> Finding:
    """Something to look at."""
    return Finding(what, Level.WARNING, said)


def mend(what: str, said: str) -> Finding:
    """What keeps a command from running."""
    return Finding(what, Level.ERROR, said)
