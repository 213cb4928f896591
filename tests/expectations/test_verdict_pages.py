"""The pages of a report, made of verdicts and facts that no database has to give."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

from expectations import terminal
from expectations.report.facts import Held, Hypertable, Lag, PastVerdict, Pulse, QueryTime
from expectations.report.wording import counted, duration, every, percent, size
from expectations.verdict import Check
from quant.paths import PROJECT
from tests.support.report_pages import facts, pages, plain, verdict, words


def test_a_database_with_nothing_in_it_has_a_report_too(tmp_path: Path) -> None:
    html, markdown = pages(replace(verdict(), tables=()), facts(), tmp_path)
    shown = words(html)
    for sentence in (
        "There are no aggregates.",
        "There are no hypertables.",
        "No column was",
        "The suite speed was left out of this run.",
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


def test_what_could_not_be_evaluated_is_no_verdict(tmp_path: Path) -> None:
    check = Check("counts", "all rows are there", "critical", False, "", (), "the connection was lost")
    html, _ = pages(verdict(check), facts(), tmp_path)
    assert "May the old system be switched off? Not decided" in words(html)
    assert "1 expectation could not be evaluated, so there is no verdict" in words(html)
    assert "the connection was lost" in words(html)


def test_a_query_beyond_its_budget_and_an_aggregate_behind_are_marked(tmp_path: Path) -> None:
    lags = [
        Lag("late", "month", 5, date(2025, 1, 1), date(2025, 2, 1), date(2025, 2, 1), date(2025, 3, 9)),
        Lag("empty", "year", 0, None, None, None, date(2025, 3, 9)),
        Lag("current", "month", 5, date(2025, 3, 1), date(2025, 4, 1), None, date(2025, 3, 9)),
    ]
    assert [one.current for one in lags] == [False, False, True]
    times = (QueryTime("slow one", "t", 5, 60.0, 3), QueryTime("quick one", "t", 5, 1.0, 3))
    html, _ = pages(verdict(), facts(times=times, lags=tuple(lags)), tmp_path)
    speed = re.search(r"<title>Query times.*?</svg>", html, re.S)
    assert speed is not None
    assert len(re.findall(r'<circle[^>]*class="dot red"', speed[0])) == 1
    assert "60.0 of 5 ms" in speed[0]
    marked = re.findall(r'<tr class="marked">.*?</tr>', html)
    assert [words(row).split()[0] for row in marked] == ["slow", "late", "empty"]
    assert "a busy machine" not in words(html)


def test_the_last_line_of_a_terminal_counts_by_suite() -> None:
    def check(suite: str, severity: str, error: str | None = None) -> Check:
        return Check(suite, "it is so", severity, False, "", ("a plan? no",), error, "it is not so")

    slow = [check("speed", "warning")] * 7
    passed = verdict(*slow, check("content", "warning"), check("health", "warning"))
    assert list(terminal.lines(passed, False))[-1] == "phase1: passed, 9 warnings (7 speed, 1 content, 1 health), 1.0 s"
    failed = verdict(check("keys", "critical"), *slow[:1])
    assert failed.line == "phase1: failed, 1 failure (1 keys), 1 warning (1 speed)"
    assert verdict(check("keys", "critical", "gone")).line == "phase1: could not be decided, 1 not evaluated (1 keys)"
    assert verdict().line == "phase1: passed"
    assert "keys: failed (critical): it is not so" in list(terminal.lines(failed, False))


def test_a_busy_machine_is_named_and_plans_are_folded_at_the_end(tmp_path: Path) -> None:
    times = (QueryTime("slow one", "t", 5, 60.0, 3, ("Seq Scan on t", "  Filter: a < 1")),)
    html, markdown = pages(verdict(), facts(times=times, pulse=Pulse(8.25, 2)), tmp_path)
    for text in (words(html), plain(markdown)):
        assert "select 1 took 8.25 ms (p95). That is beyond the 2 ms of a quiet machine: it was busy" in text
        assert text.index("Seq Scan on t") > text.index("Everything else")
    assert "<details><summary>slow one</summary>" in html
    assert "      Filter: a < 1" in markdown.splitlines()


def test_earlier_verdicts_and_this_one_are_drawn_and_the_newest_listed(tmp_path: Path) -> None:
    def past(number: int) -> PastVerdict:
        judged = datetime(2025, 10, 1, 4, tzinfo=UTC) + timedelta(days=number)
        return PastVerdict(judged, ("counts",), False, number != 3, int(number == 3), number, 1000 + number, 9.5)

    for count in (1, 2, 89):
        html, markdown = pages(verdict(), facts(history=tuple(map(past, range(count)))), tmp_path)
        drawn = re.search(r"<title>Outcome.*?</svg>", html, re.S)
        assert drawn is not None
        assert len(re.findall(r'<rect[^>]*class="(?:fill|bad)"', drawn[0])) == count + 1
        assert len(re.findall(r'<rect[^>]*class="bad"', drawn[0])) == int(count > 3)
        assert "2026-01-02 03:04 | passed | counts" in markdown
    assert "2025-12-28 04:00 | passed" in markdown
    assert "2025-10-04 04:00" in html  # the one that failed, in the picture alone
    assert "2025-10-04 04:00" not in markdown


def test_an_installed_package_has_the_templates(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(ZipFile(wheel).namelist())
    for folder in ("expectations/report/templates", "expectations/docs_site"):
        there = {str(path.relative_to(PROJECT)) for path in (PROJECT / folder).rglob("*.*") if path.suffix != ".pyc"}
        assert there
        assert there <= packed


def test_many_reasons_are_all_in_the_table_and_the_largest_in_the_picture(tmp_path: Path) -> None:
    held = tuple(Held("audit.quarantine", "t", f"reason {place:02}", place) for place in range(1, 31))
    html, markdown = pages(verdict(), facts(held=held), tmp_path)
    drawn = re.search(r"<title>Rows kept apart.*?</svg>", html, re.S)
    assert drawn is not None
    assert "reason 30" in drawn[0]
    assert "reason 01" not in drawn[0]
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
