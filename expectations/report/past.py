"""Earlier verdicts, as they are kept in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

from expectations.report.facts import PastVerdict

TABLE = "audit.verdicts"
SHOWN = 90
NEWEST = """
    select judged_at, suites, quick, passed, failures, warnings, rows, seconds
    from audit.verdicts order by judged_at desc limit %s
"""


def verdicts(rows: Callable[..., list[tuple[Any, ...]]]) -> Iterator[PastVerdict]:
    """The last ninety, the oldest first."""
    for judged, suites, quick, passed, failures, warnings, by_table, seconds in reversed(rows(NEWEST, SHOWN)):
        total = sum(one["source"] for one in by_table.values())
        yield PastVerdict(judged.astimezone(UTC), tuple(suites), quick, passed, failures, warnings, total, seconds)
