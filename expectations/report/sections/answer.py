"""The head of the report: may the old system be switched off, and why."""

from __future__ import annotations

from typing import Any

from expectations.report.facts import Facts
from expectations.report.wording import duration, listed, number
from expectations.verdict import WEAKENED, Verdict
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL
from quant.text import counted

VALUES = "values"


def context(verdict: Verdict, facts: Facts) -> dict[str, Any]:
    """What `page.j2` needs."""
    return {
        "title": f"{verdict.checkpoint.replace('phase', 'Phase ')} validation report",
        "question": "May the old system be switched off?",
        "kind": "good" if verdict.exit_code == WELL else "bad",
        "answer": _answer(verdict, facts),
        "sentence": sentence(verdict, facts),
        "notes": [note for note in verdict.notes if not note.startswith(WEAKENED)],  # those stand under what is where
        "key": _key(verdict, facts),
    }


def _answer(verdict: Verdict, facts: Facts) -> str:
    if verdict.exit_code == COULD_NOT_RUN:
        return "Not decided"
    if verdict.exit_code == NOT_WELL:
        return "No"
    return "Not by this run alone" if facts.occasion.left_out else "Yes"


def sentence(verdict: Verdict, facts: Facts) -> str:
    """What the verdict means for somebody who reads nothing else."""
    parts = [_outcome(verdict, facts)]
    if facts.occasion.left_out:
        parts.append(f"Left out of this run: {listed(facts.occasion.left_out)}.")
    if verdict.warnings:
        parts.append(f"{counted(len(verdict.warnings), 'warning is', 'warnings are')} listed below.")
    return " ".join(parts)


def _outcome(verdict: Verdict, facts: Facts) -> str:
    binding = sum(check.decides for check in verdict.checks)
    if verdict.exit_code == COULD_NOT_RUN:
        errors = counted(len(verdict.errors), "expectation")
        return f"{errors} could not be evaluated, so there is no verdict: mend what is named below and run again."
    if verdict.exit_code == NOT_WELL:
        failures = len(verdict.failures)
        until = "it passes" if failures == 1 else "they pass"
        return f"{failures:,} of {counted(binding, 'binding expectation')} failed: keep the old database until {until}."
    if not binding:
        return "Nothing was evaluated that decides: what was evaluated can only warn."
    passed = f"all {counted(binding, 'binding expectation')} passed"
    if VALUES not in facts.occasion.suites:
        compared = [line.table for line in verdict.tables if line.values]
        apart = f"other than those of {listed(compared)} " if compared else ""
        return f"Of what was evaluated, {passed}; the values of the rows {apart}were not compared."
    rows = sum(line.source for line in verdict.tables)
    return (
        f"Every value of the source’s {counted(rows, 'row')} in {counted(len(verdict.tables), 'table')} is in the "
        f"target or accounted for, and {passed}."
    )


def _key(verdict: Verdict, facts: Facts) -> list[tuple[str, str]]:
    """The four numbers under the sentence, each with its label."""
    kept_apart = sum(line.rejected + line.quarantined for line in verdict.tables)
    passed = sum(check.passed for check in verdict.checks)
    return [
        (number(sum(line.source for line in verdict.tables)), f"rows in {counted(len(verdict.tables), 'table')}"),
        (number(kept_apart), "of them kept apart"),
        (f"{passed:,} of {len(verdict.checks):,}", "expectations passed"),
        (duration(verdict.seconds), f"on {facts.occasion.began:%Y-%m-%d} at {facts.occasion.began:%H:%M} UTC"),
    ]
