"""What is not as expected, the gravest first, each as a sentence with what was found."""

from __future__ import annotations

from typing import Any

from expectations.report.facts import Facts
from expectations.verdict import Check, Verdict

SHOWN = 12  # lines of what decides that stand open
SHORT = 3  # lines of a warning that stand open: more are folded altogether


def context(verdict: Verdict, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    """The findings, and how many expectations there were."""
    found = (*verdict.errors, *verdict.failures, *verdict.warnings)
    return {"findings": [_finding(check) for check in found], "expectations": len(verdict.checks)}


def _finding(check: Check) -> dict[str, Any]:
    found = [check.error] if check.error else list(check.problems)
    grave = bool(check.error) or check.decides
    return {
        "label": "not evaluated" if check.error else "failed" if grave else "warning",
        "grave": grave,
        "sentence": check.told,
        "suite": check.suite,
        "expected": "" if check.error or not check.finding else check.description,
        "found": found,
        "shown": SHOWN if grave or len(found) <= SHORT else 0,
    }
