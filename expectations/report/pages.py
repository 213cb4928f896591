"""Which pages a report has, which sections a page has, and in which order.

A section is a template, `templates/sections/NAME.j2`, and a function that turns the verdict and the facts into what the
template needs: tables, pictures, numbers. To add one, write both and name it here. A page of its own is written to
files of its own: a page whose part is `factor-evaluation` stands in `phase1-factor-evaluation.html` and `.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from expectations.report.facts import Facts
from expectations.report.sections import answer, details, factors, findings, history, performance, where
from expectations.verdict import Verdict

Context = Callable[[Verdict, Facts], dict[str, Any]]


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; `name` is its anchor and its template."""

    name: str
    title: str
    context: Context


@dataclass(frozen=True)
class Page:
    """A document: its sections, and what `page.j2` shows above them.

    Attributes:
        part: what its file names end with; empty for the report itself.
        there: whether a report has this page.
        context: gives title, kind (good or bad), question, answer, sentence, notes and key.
    """

    part: str
    context: Context
    sections: tuple[Section, ...]
    there: Callable[[Facts], bool] = lambda _: True


REPORT = Page(
    part="",
    context=answer.context,
    sections=(
        Section("findings", "What is not as expected", findings.context),
        Section("where", "What is where", where.context),
        Section("performance", "How fast, how small, how fresh", performance.context),
        Section("history", "How it went before", history.context),
        Section("details", "Everything else", details.context),
    ),
)
FACTORS = Page(
    part="factor-evaluation",
    context=factors.answer,
    sections=(
        Section("factor_worth", "What each factor was worth", factors.worth),
        Section("factor_reliance", "How far it can be relied on", factors.reliance),
    ),
    there=factors.there,
)
PAGES = (REPORT, FACTORS)
