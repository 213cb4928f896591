"""The verdict of a run, as plain data: what was expected, whether it was met, and the numbers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL


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
class Health:
    """How TimescaleDB keeps the tables, in numbers.

    Attributes:
        edition: of TimescaleDB: timescale is the Community edition.
        saved: the share of its size that compression saves, by hypertable with compressed chunks.
        lag: days up to the newest daily row that each aggregate has not stored yet; None when it has stored nothing.
        jobs: how many background jobs are ok, failed, running, never run or switched off.
    """

    version: str
    edition: str
    saved: Mapping[str, float]
    lag: Mapping[str, int | None]
    jobs: Mapping[str, int]

    def lines(self) -> list[tuple[str, str]]:
        """The same for people: what, and how much."""
        edition = {"timescale": "Community", "apache": "Apache"}.get(self.edition, self.edition)
        lines = [("TimescaleDB", f"{self.version}, {edition} edition")]
        lines += [(f"compression of {name}", f"saves {100 * saved:.1f} %") for name, saved in self.saved.items()]
        for name, days in self.lag.items():
            late = "nothing is stored" if days is None else f"{days:,} day{'' if days == 1 else 's'} not stored yet"
            lines.append((f"lag of {name}", late))
        jobs = ", ".join(f"{count:,} {state}" for state, count in sorted(self.jobs.items()))
        return [*lines, ("background jobs", jobs or "none")]


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
    health: Health | None = None

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
