"""The steps of a sync: each says what came of it, and the code that its own command would have ended with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """What came of a step.

    Attributes:
        name: load, build or verdict.
        code: 0 done and well, 1 done but something is not well, 2 could not run.
        said: in a line, for people.
        errors: sentences.
        warnings: how many.
        document: the same for programs.
    """

    name: str
    code: int
    said: str
    errors: tuple[str, ...] = ()
    warnings: int = 0
    document: dict[str, Any] = field(default_factory=dict)
