"""The verdict in a sentence, and the numbers that stand beside it."""

from __future__ import annotations

from expectations.report.facts import Facts
from expectations.report.wording import duration, listed, number
from expectations.verdict import Verdict
from quant.errors import COULD_NOT_RUN, NOT_WELL
from quant.text import counted

VALUES = "values"


def word(verdict: Verdict) -> str:
    """The verdict in a word or two."""
    return verdict.word.capitalize()


def sentence(verdict: Verdict, facts: Facts) -> str:
    """What the verdict means for somebody who reads nothing else."""
    parts = [_outcome(verdict, facts)]
    if facts.occasion.left_out:
        parts.append(f"Not asked in this run: {listed(facts.occasion.left_out)}.")
    warnings = sum(check.severity != "critical" for check in verdict.unmet)
    if warnings:
        parts.append(f"{counted(warnings, 'warning is', 'warnings are')} listed below.")
    return " ".join(parts)


def _outcome(verdict: Verdict, facts: Facts) -> str:
    binding = [check for check in verdict.checks if check.severity == "critical"]
    if verdict.exit_code == COULD_NOT_RUN:
        asked = counted(len(verdict.failed), "expectation")
        return f"{asked} could not be asked, so there is no verdict: mend what is named below and run again."
    if verdict.exit_code == NOT_WELL:
        unmet = sum(not check.met for check in binding)
        are = "is" if unmet == 1 else "are"
        return (
            f"{unmet:,} of the {counted(len(binding), 'binding expectation')} {are} not met: "
            f"keep the old database until {'it is' if unmet == 1 else 'they are'}."
        )
    if not binding:
        return "Nothing was asked that decides: what was asked can only warn."
    met = f"all {counted(len(binding), 'binding expectation')} are met"
    if VALUES not in facts.occasion.suites:
        compared = [line.table for line in verdict.tables if line.values]
        apart = f"other than those of {listed(compared)} " if compared else ""
        return f"Of what was asked, {met}; the values of the rows {apart}were not compared."
    rows = sum(line.source for line in verdict.tables)
    return (
        f"Every value of the source’s {counted(rows, 'row')} in {counted(len(verdict.tables), 'table')} is in the "
        f"target or accounted for, and {met}."
    )


def key(verdict: Verdict, facts: Facts) -> list[tuple[str, str]]:
    """The four numbers under the sentence, each with its label."""
    kept_apart = sum(line.rejected + line.quarantined for line in verdict.tables)
    met = sum(check.met for check in verdict.checks)
    return [
        (number(sum(line.source for line in verdict.tables)), f"rows in {counted(len(verdict.tables), 'table')}"),
        (number(kept_apart), "of them kept apart"),
        (f"{met:,} of {len(verdict.checks):,}", "expectations met"),
        (duration(verdict.seconds), f"on {facts.occasion.began:%Y-%m-%d}"),
    ]
