"""The verdict of a run, as plain data: what was expected, whether it passed, and the numbers beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL
from quant.text import counted

CRITICAL = "critical"  # the severity that decides; others only warn
WEAKENED = "Weakened: "  # begins a note about a rule of the source that does not stand in public


@dataclass(frozen=True)
class Check:
    """One expectation and its outcome.

    Attributes:
        description: what is expected, as if it were so.
        error: why it could not be evaluated at all.
        finding: a sentence that says what was found, when that is not what was expected.
    """

    suite: str
    description: str
    severity: str
    passed: bool
    observed: str
    problems: tuple[str, ...]
    error: str | None = None
    finding: str = ""

    @property
    def decides(self) -> bool:
        """Whether the verdict depends on it."""
        return self.severity == CRITICAL

    @property
    def told(self) -> str:
        """What was found, in a sentence that does not sound as if all were well."""
        if self.error:
            return f"Could not be evaluated: {self.description}"
        return self.finding or f"Not so: {self.description}"


@dataclass(frozen=True)
class TableLine:
    """One table in the summary; numbers are rows, None where a place has no such table or was not looked at."""

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
    def errors(self) -> tuple[Check, ...]:
        """What could not be evaluated."""
        return tuple(check for check in self.checks if check.error)

    @property
    def failures(self) -> tuple[Check, ...]:
        """What failed and decides."""
        return tuple(check for check in self.checks if not check.passed and not check.error and check.decides)

    @property
    def warnings(self) -> tuple[Check, ...]:
        """What failed and does not decide."""
        return tuple(check for check in self.checks if not check.passed and not check.error and not check.decides)

    @property
    def exit_code(self) -> int:
        """0 when it passed (warnings apart), 1 when something failed, 2 when something could not be evaluated."""
        if self.errors:
            return COULD_NOT_RUN
        return NOT_WELL if self.failures else WELL

    @property
    def word(self) -> str:
        return {WELL: "passed", NOT_WELL: "failed", COULD_NOT_RUN: "could not be decided"}[self.exit_code]

    @property
    def line(self) -> str:
        """The verdict in a line, with what was found counted by suite."""
        parts = [
            _by_suite(self.errors, "not evaluated", "not evaluated"),
            _by_suite(self.failures, "failure"),
            _by_suite(self.warnings, "warning"),
        ]
        return ", ".join([f"{self.checkpoint}: {self.word}", *filter(None, parts)])

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {"verdict": self.word, "exit_code": self.exit_code, **asdict(self)}


def _by_suite(checks: Sequence[Check], one: str, many: str | None = None) -> str:
    suites = Counter(check.suite for check in checks).most_common()
    listed = ", ".join(f"{count:,} {suite}" for suite, count in suites)
    return f"{counted(len(checks), one, many)} ({listed})" if checks else ""
