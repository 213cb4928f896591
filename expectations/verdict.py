"""The verdict of a run, as plain data: what was expected, whether it was met, and the numbers beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from loader.errors import COULD_NOT_RUN, NOT_WELL, WELL


@dataclass(frozen=True)
class Check:
    """One expectation and its outcome; `failed` is why it could not be asked at all."""

    suite: str
    description: str
    severity: str
    met: bool
    observed: str
    problems: tuple[str, ...]
    failed: str | None = None


@dataclass(frozen=True)
class TableLine:
    """One table in the summary; numbers are rows, None where a place has no such table or was not asked."""

    table: str
    source: int
    raw: int | None
    rejected: int
    public: int | None
    quarantined: int
    stubs: int | None
    others: int | None
    values: str


@dataclass(frozen=True)
class Verdict:
    """All of a run."""

    checkpoint: str
    source: str
    target: str
    tables: tuple[TableLine, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def unmet(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.met and not check.failed)

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.failed)

    @property
    def exit_code(self) -> int:
        """0 when all is met (warnings apart), 1 when something is not, 2 when something could not be asked."""
        if self.failed:
            return COULD_NOT_RUN
        return NOT_WELL if any(check.severity == "critical" for check in self.unmet) else WELL

    @property
    def word(self) -> str:
        return {WELL: "met", NOT_WELL: "not met", COULD_NOT_RUN: "could not be decided"}[self.exit_code]

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {"verdict": self.word, "exit_code": self.exit_code, **asdict(self)}
