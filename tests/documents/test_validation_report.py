"""The page on the report names the suites that there are."""

from __future__ import annotations

from expectations.suites import SUITES
from tests.support.documents import table


def test_the_page_names_every_suite_and_no_other() -> None:
    assert [cells[0].strip("`") for cells in table("docs/VALIDATION_REPORT.md", "suite")] == list(SUITES)
