"""Suite factors: the scores of the project's own factors, where a build has made any."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog
from expectations.expected.base import Expected

ABOUT = {
    "days": (
        "every day that the prices ask for is scored, and no other",
        "days that the prices ask for are not scored, or others are",
        "warning",
    ),
    "ranges": (
        "every score is its z-score in the direction of the factor, cut at 3",
        "scores are not their z-scores in the direction of the factor, cut at 3",
        "critical",
    ),
    "percentiles": (
        "within a region, factor and day the percentiles are even",
        "percentiles are uneven within a region, factor and day",
        "critical",
    ),
    "recomputed": (
        "the scores of days drawn by lot are what prices and reports give",
        "scores of days drawn by lot are not what prices and reports give",
        "critical",
    ),
    "evaluation": (
        "the evaluation of months drawn by lot is what their scores and prices give",
        "the evaluation of months drawn by lot is not what their scores and prices give",
        "critical",
    ),
}


def factors(_declared: Catalog) -> Iterator[Expected]:
    """Of rows under the project's own names; those of applications are theirs."""
    for about, (description, finding, severity) in ABOUT.items():
        yield Expected("expect_factor_scores", description, (finding,), {"about": about}, severity)
