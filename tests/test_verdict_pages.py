"""The pages of a report, made of verdicts and facts that no database has to give."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from expectations.report.facts import Held, Hypertable, Lag, QueryTime
from expectations.report.wording import counted, duration, every, percent, size
from expectations.verdict import Check
from tests.report_pages import facts, pages, verdict, words


def test_a_database_with_nothing_in_it_has_a_report_too(tmp_path: Path) -> None:
    html, markdown = pages(replace(verdict(), tables=()), facts(), tmp_path)
    shown = words(html)
    for sentence in (
        "There are no aggregates.",
        "There are no hypertables.",
        "No column was",
        "The suite speed was not asked",
    ):
        assert sentence in shown
        assert sentence in markdown


def test_without_compressed_chunks_and_jobs_the_report_says_so(tmp_path: Path) -> None:
    fresh = Hypertable("prices", "date", "360 days", 3, 0, 5000, "region", "", None)
    html, markdown = pages(verdict(), facts(hypertables=(fresh,)), tmp_path)
    for text in (words(html), markdown):
        assert "No chunk is compressed yet." in text
        assert "There are no background jobs." in text
        assert "prices" in text


def test_names_and_findings_are_words_and_never_markup(tmp_path: Path) -> None:
    check = Check("counts", "<script>alert(1)</script> | x", "critical", False, "", ("<img src=x> & `y` | _z_",))
    html, markdown = pages(verdict(check), facts(), tmp_path)
    assert "<script>" not in html
    assert "<img" not in html
    assert "odd & <b>table" in words(html)
    assert r"\<script\>alert(1)\</script\> \| x" in markdown
    assert "    <img src=x> & `y` | _z_" in markdown.splitlines()


def test_what_could_not_be_asked_is_no_verdict(tmp_path: Path) -> None:
    check = Check("counts", "all rows are there", "critical", False, "", (), "the connection was lost")
    html, _ = pages(verdict(check), facts(), tmp_path)
    assert "1 expectation could not be asked, so there is no verdict" in words(html)
    assert "the connection was lost" in words(html)


def test_a_query_beyond_its_budget_and_an_aggregate_behind_are_drawn_as_bad(tmp_path: Path) -> None:
    lags = [
        Lag("late", "month", 5, date(2025, 1, 1), date(2025, 2, 1), date(2025, 2, 1), date(2025, 3, 9)),
        Lag("empty", "year", 0, None, None, None, date(2025, 3, 9)),
        Lag("current", "month", 5, date(2025, 3, 1), date(2025, 4, 1), None, date(2025, 3, 9)),
    ]
    assert [one.current for one in lags] == [False, False, True]
    times = (QueryTime("slow one", "t", 5, 60.0, 3), QueryTime("quick one", "t", 5, 1.0, 3))
    html, _ = pages(verdict(), facts(times=times, lags=tuple(lags)), tmp_path)
    speed, lag = (re.search(rf"<title>{name}.*?</svg>", html, re.S) for name in ("Query times", "The newest bucket"))
    assert speed is not None
    assert lag is not None
    assert len(re.findall(r'<rect[^>]*class="bad"', speed[0])) == 1
    assert len(re.findall(r'<rect[^>]*class="bad"', lag[0])) == 1
    assert "60.0 of 5 ms" in speed[0]
    assert "no buckets yet" in lag[0]


def test_many_reasons_are_all_in_the_table_and_the_largest_in_the_picture(tmp_path: Path) -> None:
    held = tuple(Held("audit.quarantine", "t", f"reason {place:02}", place) for place in range(1, 31))
    html, markdown = pages(verdict(), facts(held=held), tmp_path)
    assert "reason 30" in html
    assert "reason 01" not in html
    assert "The 20 largest of 30 are shown." in words(html)
    assert "reason 01" in markdown


def test_numbers_are_written_as_people_read_them() -> None:
    assert [size(n) for n in (0, 999, 1000, 102137856, 5_400_000_000_000)] == [
        *("0 bytes", "999 bytes", "1.0 kB", "102.1 MB", "5,400.0 GB"),
    ]
    assert [percent(share) for share in (0, 0.641, 140 / 926325)] == ["0.0 %", "64.1 %", "0.015 %"]
    assert [counted(n, "row") for n in (0, 1, 1234)] == ["0 rows", "1 row", "1,234 rows"]
    assert [duration(n) for n in (9.04, 99.9, 125)] == ["9.0 s", "99.9 s", "2 min 5 s"]
    assert [every(text) for text in ("12:00:00", "01:00:00", "1 day", "00:30:00")] == [
        *("12 hours", "1 hour", "1 day", "00:30:00"),
    ]
