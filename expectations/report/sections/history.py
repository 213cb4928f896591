"""How the checkpoint went before, as the verdicts kept in the database tell."""

from __future__ import annotations

from typing import Any

from expectations.report.facts import Facts, PastVerdict
from expectations.report.pictures import history
from expectations.report.tables import Table
from expectations.report.wording import duration, listed, moment, number
from expectations.verdict import Verdict
from quant.errors import WELL

LISTED = 10


def context(verdict: Verdict, facts: Facts) -> dict[str, Any]:
    """The picture of all that were read and of this one, and a table of the newest."""
    past = (*facts.history, _this(verdict, facts)) if facts.history else ()
    return {
        "picture": history(past) if past else None,
        "count": len(past),
        "newest": Table(
            head=("when", "verdict", "suites", "failures", "warnings", "rows", "took"),
            rows=[
                (
                    *(moment(one.judged), "passed" if one.passed else "failed"),
                    "quick" if one.quick else f"all {len(one.suites)}" if len(one.suites) > 4 else listed(one.suites),
                    *(number(one.failures), number(one.warnings), number(one.rows), duration(one.seconds)),
                )
                for one in reversed(past[-LISTED:])
            ],
            numeric=frozenset({3, 4, 5, 6}),
            marked=frozenset(place for place, one in enumerate(reversed(past[-LISTED:])) if not one.passed),
        ),
    }


def _this(verdict: Verdict, facts: Facts) -> PastVerdict:
    return PastVerdict(
        judged=facts.occasion.began,
        suites=facts.occasion.suites,
        quick=facts.occasion.part == "quick",
        passed=verdict.exit_code == WELL,
        failures=len(verdict.failures) + len(verdict.errors),
        warnings=len(verdict.warnings),
        rows=sum(line.source for line in verdict.tables),
        seconds=verdict.seconds,
    )
