"""What every suite is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Expected:
    """One expectation: its type as Great Expectations registers it, what it is told, and what it means.

    One of severity warning is reported when it is not met, but does not change the verdict.
    """

    type: str
    description: str
    kwargs: Mapping[str, Any]
    severity: str = "critical"


def no_rows(description: str, query: str, severity: str = "critical") -> Expected:
    """The query looks for what must not be."""
    return Expected("expect_no_rows", description, {"query": query}, severity)


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
