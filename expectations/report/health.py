"""TimescaleDB's health in numbers, out of what was gathered for the report."""

from __future__ import annotations

from collections import Counter

from expectations.report.facts import Facts
from expectations.verdict import Health


def health(facts: Facts) -> Health | None:
    """The numbers, or None where there is no TimescaleDB."""
    if facts.timescale is None:
        return None
    return Health(
        version=facts.timescale.version,
        edition=facts.timescale.edition,
        saved={one.name: round(one.packed.saved, 4) for one in facts.hypertables if one.packed},
        lag={one.name: one.days for one in facts.lags},
        jobs=dict(Counter(one.state for one in facts.jobs)),
    )
