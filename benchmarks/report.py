"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.measure import Run


@dataclass
class Results:
    """The runs of each way, in turns: the n-th runs of two ways belong together."""

    server: str
    rows: int = 0
    runs: dict[str, list[Run]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    begun: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def add(self, name: str, run: Run) -> None:
        self.runs.setdefault(name, []).append(run)

    def note(self, name: str, says: str) -> None:
        self.notes[name] = says

    def seconds(self, name: str) -> float:
        return median(run.seconds for run in self.runs[name])

    def peak(self, name: str) -> float:
        return max(run.peak_mb for run in self.runs[name])

    def ratio(self, name: str, to: str) -> float:
        """The median of the ratios within each repetition."""
        pairs = zip(self.runs[name], self.runs[to], strict=False)
        return median(one.seconds / other.seconds for one, other in pairs)

    def goals(self) -> list[Goal]:
        """The goals whose ways were measured."""
        return [goal for goal in GOALS if any(name == goal.of for name in self.runs)]

    def missed(self) -> bool:
        return not all(goal.holds(self) for goal in self.goals())

    def write(self, path: Path) -> None:
        """Write everything as one JSON document."""
        document = {
            "begun": self.begun,
            "server": self.server,
            "machine": {
                "processors": os.cpu_count(),
                "system": platform.platform(),
                "python": platform.python_version(),
            },
            "rows": self.rows,
            "ways": {
                name: {
                    "seconds": round(self.seconds(name), 3),
                    "peak_mb": round(self.peak(name), 1),
                    "to_floor": round(self.ratio(name, "floor"), 3),
                    "runs": [[round(run.seconds, 3), round(run.peak_mb, 1)] for run in runs],
                    "note": self.notes.get(name),
                }
                for name, runs in self.runs.items()
            },
            "goals": [
                {"goal": goal.says, "measured": round(goal.value(self), 3), "held": goal.holds(self)}
                for goal in self.goals()
            ],
        }
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def text(self) -> str:
        """The table and the goals."""
        lines = [
            f"{self.rows:,} rows, {self.server}, {len(self.runs['floor'])} repetitions in turns: medians",
            "",
            f"{'':<32}{'seconds':>9}{'least-most':>15}{'peak MB':>9}{'to floor':>10}",
        ]
        for name, runs in self.runs.items():
            spread = f"{min(run.seconds for run in runs):.1f}-{max(run.seconds for run in runs):.1f}"
            lines.append(
                f"{name:<32}{self.seconds(name):>9.2f}{spread:>15}{self.peak(name):>9,.0f}"
                f"{self.ratio(name, 'floor'):>10.2f}  {self.notes.get(name, '')}".rstrip()
            )
        lines.append("")
        lines += [
            f"{'held' if goal.holds(self) else 'missed':<8}{goal.says}: {goal.value(self):,.2f}"
            for goal in self.goals()
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Goal:
    """A figure that has to be at least or at most `limit`; `of` is the way that it needs."""

    says: str
    of: str
    value: Callable[[Results], float]
    limit: float
    at_least: bool = False

    def holds(self, results: Results) -> bool:
        value = self.value(results)
        return value >= self.limit if self.at_least else value <= self.limit


FIRST, EMBEDDED = "first load", "first load, embedded engine"
UNCHANGED, NEW = "second run, unchanged", "18,000 new daily rows"
GOALS = (
    Goal("first load at most 1.5 times the floor", FIRST, lambda r: r.ratio(FIRST, "floor"), 1.5),
    Goal("first load in less than 350 MB", FIRST, lambda r: r.peak(FIRST), 350),
    Goal("an unchanged file in about a second (1.5)", UNCHANGED, lambda r: r.seconds(UNCHANGED), 1.5),
    Goal("new daily rows in about two seconds (3)", NEW, lambda r: r.seconds(NEW), 3),
    Goal("pgloader takes at least 3 times as long", "pgloader", lambda r: r.ratio("pgloader", FIRST), 3, True),
    Goal(
        "row by row takes at least 150 times as long", "row by row", lambda r: r.ratio("row by row", FIRST), 150, True
    ),
    Goal("embedded at most 2 times the native load", EMBEDDED, lambda r: r.ratio(EMBEDDED, FIRST), 2),
    Goal(
        "ten times the rows in less than 350 MB",
        "first load, 10 times the rows",
        lambda r: r.peak("first load, 10 times the rows"),
        350,
    ),
)
