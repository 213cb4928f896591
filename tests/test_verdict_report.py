"""The report of a run: three files that say the same, whole in themselves, and nothing that must stay secret."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from expectations import catalog, cli
from expectations.report import Facts, Occasion, gather, write
from expectations.report.facts import Held, Hypertable, Lag, QueryTime, SourceFile
from expectations.report.wording import counted, duration, every, percent, size
from expectations.session import open_session
from expectations.verdict import Check, TableLine, Verdict
from loader.paths import PROJECT
from loader.snapshot import open_snapshot
from tests.places import Place
from tests.verdict_ground import Ground, Outcome

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOADED = re.compile(r"""https?://|\bsrc\s*=|<link\b|<script\b|@import|url\(|\bhref\s*=\s*["'](?!#)""")


@dataclass(frozen=True)
class Written:
    """A run and its three files."""

    outcome: Outcome
    document: dict[str, Any]
    markdown: str
    html: str
    folder: Path


class _Reader(HTMLParser):
    """Collects the page's words, and sees that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def words(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return " ".join(" ".join(reader.words).split())


def run(ground: Ground, folder: Path, *more: str, name: str = "phase1") -> Written:
    outcome = ground.run("--report", str(folder), *more)
    texts = [(folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("json", "md", "html")]
    return Written(outcome, json.loads(texts[0]), texts[1], texts[2], folder)


@pytest.fixture(scope="module")
def whole(migrated: Ground, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("reports") / "new" / "folder"
    return run(migrated, folder, "--data-docs", str(folder.parent / "docs"))


def test_the_report_has_three_files_and_the_verdict_of_the_run(whole: Written) -> None:
    assert {path.name for path in whole.folder.iterdir()} == {"phase1.json", "phase1.md", "phase1.html"}
    assert f"Report: {whole.folder / 'phase1.html'}" in whole.outcome.error
    for part in ("verdict", "exit_code", "checks", "tables", "notes", "target"):
        assert whole.document[part] == whole.outcome.document[part]
    assert whole.outcome.code == 0
    assert whole.document["sentence"].startswith("Every value of the source’s ")
    assert whole.document["sentence"] in words(whole.html)
    assert f"**Met.** {whole.document['sentence']}" in whole.markdown


def test_the_page_needs_nothing_but_itself(whole: Written) -> None:
    assert LOADED.findall(whole.html) == []
    assert "default-src 'none'" in whole.html


def test_no_password_and_no_path_is_in_a_report(whole: Written, migrated: Ground) -> None:
    for text in (whole.html, whole.markdown, json.dumps(whole.document)):
        assert migrated.place.target.password not in text
        assert str(migrated.source.parent) not in text
        assert migrated.source.name in text


def test_every_table_is_named_with_its_rows(whole: Written) -> None:
    shown = words(whole.html)
    for line in whole.outcome.document["tables"]:
        assert line["table"] in shown
        assert re.search(rf"^\| {re.escape(line['table'])} \| {line['source']:,} \|", plain(whole.markdown), re.M)
    declared = catalog.read()
    for name in (*declared.tables, *declared.aggregates):
        assert name in shown
        assert name in plain(whole.markdown)


def plain(markdown: str) -> str:
    return markdown.replace("\\", "")


def test_the_pictures_show_what_the_database_has(whole: Written, migrated: Ground) -> None:
    facts = whole.document["facts"]
    ((before, after),) = migrated.query(
        "select before_compression_total_bytes, after_compression_total_bytes "
        "from hypertable_compression_stats('public.ohlcv_data')"
    )
    packed = {one["name"]: one["packed"] for one in facts["hypertables"]}
    assert packed == {"ohlcv_data": {"before": before, "after": after}, "factor_scores": None}
    ((newest,),) = migrated.query("select max(date)::text from public.ohlcv_data where timeframe = '1d'")
    assert {one["base"] for one in facts["lags"]} == {newest}
    health = whole.document["health"]
    assert health["saved"]["ohlcv_data"] == pytest.approx(1 - after / before, abs=1e-4)
    ((day,),) = migrated.query("select extract(day from max(date))::int from public.ohlcv_data where timeframe = '1d'")
    assert health["lag"]["ohlcv_monthly"] in (0, day)  # the month of the newest row is stored, or it is not
    assert sum(health["jobs"].values()) == len(facts["jobs"])
    ((extension,),) = migrated.query("select extversion from pg_extension where extname = 'timescaledb'")
    assert f"{extension}, Community edition" in words(whole.html)
    assert {one["name"] for one in facts["lags"]} == {"ohlcv_monthly", "ohlcv_quarterly", "ohlcv_yearly"}
    (kept,) = migrated.query("select count(*) from audit.quarantine")
    assert sum(one["rows"] for one in facts["held"] if one["place"] == "audit.quarantine") == kept[0]
    assert {one["relation"] for one in facts["jobs"]} >= {"ohlcv_data", "factor_scores", "ohlcv_yearly"}
    assert {one["p95"] for one in facts["times"] if one["table"] == "backtest_results"} == {None}
    assert all(one["p95"] > 0 for one in facts["times"] if one["table"] == "ohlcv_data")
    for name in ("Rows by table", "Size of the compressed chunks", "The newest bucket", "Query times as a share"):
        assert f"<title>{name}" in whole.html
    assert size(before) in words(whole.html)


def test_an_unmet_expectation_stands_in_all_three(migrated: Ground, tmp_path: Path) -> None:
    with migrated.changed("portfolio", "source_rowid = 1", "update {table} set quantity = 12345 where {where}"):
        found = run(migrated, tmp_path, "--only", "values", name="phase1-values")
    assert found.outcome.code == found.document["exit_code"] == 1
    (problem,) = {line for line in found.outcome.said.splitlines() if "quantity is 12345" in line}
    (description,) = found.outcome.unmet
    binding = sum(check["severity"] == "critical" for check in found.document["checks"])
    for text in (words(found.html), plain(found.markdown)):
        assert description in text
        assert problem.strip() in text
        assert f"1 of the {binding} binding expectations is not met: keep the old database until it is." in text
        assert (
            "Not asked in this run: counts, columns, fingerprints, keys, aggregates, content, health and speed." in text
        )


def test_what_is_gathered_before_anything_is_built_is_nothing(
    make_place: Callable[[str], contextmanager[Place]], migrated: Ground, tmp_path: Path
) -> None:
    with make_place(migrated.place.target.name) as place:
        place.run("python", "-m", "loader.run", "--source", str(migrated.source))
        with (
            open_snapshot(migrated.source) as copy,
            open_session(copy, place.target, catalog.read(), suites=()) as session,
        ):
            occasion = Occasion(datetime.now(UTC), {"counts": 1}, ("counts",))
            found = gather(session, occasion, migrated.source)
    assert found.load is not None
    assert "PostgreSQL" in found.versions
    assert (found.own_tables, found.hypertables, found.lags, found.jobs, found.held) == ({}, (), (), (), ())
    html, _ = pages(verdict(), found, tmp_path)
    assert "No row is kept apart" in words(html)


def verdict(*checks: Check) -> Verdict:
    line = TableLine("odd & <b>table", 1, 1, 0, None, 0, None, None, "")
    return Verdict("phase1", "/home/someone/spock.db", "server (me@here:5432/db)", (line,), checks, (), 1.0)


def facts(**changed: Any) -> Facts:
    file = SourceFile("spock.db", 0, datetime(2026, 1, 1, tzinfo=UTC))
    occasion = Occasion(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), {"counts": 1}, ("counts",))
    return replace(Facts(occasion, file, None, {}, None, {}, (), (), (), (), (), ()), **changed)


def pages(checked: Verdict, found: Facts, folder: Path) -> tuple[str, str]:
    write(checked, found, folder)
    html, markdown = ((folder / f"phase1.{kind}").read_text(encoding="utf-8") for kind in ("html", "md"))
    return html, markdown


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


def test_a_folder_that_cannot_be_written_to_is_said_before_the_run(
    migrated: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    words_ = ["checkpoint", "run", "phase1", "--source", str(migrated.source), "--report", str(blocked / "reports")]
    assert cli.main(words_) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"The report cannot be written to {blocked / 'reports'}: ")
    assert "--no-report" in said.err


def test_no_report_writes_none(migrated: Ground, tmp_path: Path) -> None:
    outcome = migrated.run("--only", "counts", "--no-report")
    assert outcome.code == 0
    assert "Report" not in outcome.error
    assert list(tmp_path.iterdir()) == []


def test_reports_are_ignored_by_git() -> None:
    found = subprocess.run(
        ["git", "check-ignore", "reports/phase1.html"], cwd=PROJECT, capture_output=True, check=False
    )
    assert found.returncode == 0


def test_asking_for_help_does_not_load_the_report() -> None:
    program = "import sys; from expectations import cli; assert not any('report' in name for name in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_the_page_without_complaint(whole: Written, tmp_path: Path, dark: bool) -> None:
    page = (whole.folder / "phase1.html").as_uri()
    common = [*browser(), f"--user-data-dir={tmp_path / 'profile'}"]
    common += ["--enable-logging=stderr", "--blink-settings=preferredColorScheme=0"] if dark else []
    shot = tmp_path / "page.png"
    environment = os.environ | {"HOME": str(tmp_path)}
    seen = browse([*common, "--window-size=900,1200", f"--screenshot={shot}", page], environment)
    assert shot.stat().st_size > 20_000
    assert "CONSOLE" not in seen
    if not dark:
        printed = tmp_path / "page.pdf"
        browse([*common, "--no-pdf-header-footer", f"--print-to-pdf={printed}", page], environment)
        assert printed.read_bytes().startswith(b"%PDF")


def browser() -> list[str]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser is installed here: none of {', '.join(BROWSERS)}")
    return [found, "--headless", "--no-sandbox", "--disable-gpu"]


def browse(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_data_docs_link_to_each_other_and_to_nothing_else(whole: Written) -> None:
    folder = whole.folder.parent / "docs"
    pages_ = list(folder.rglob("*.html"))
    declared = whole.document["facts"]["occasion"]["declared"]
    assert {path.stem for path in folder.glob("expectations/*.html")} == set(declared)
    assert {path.relative_to(folder / "validations").parts[0] for path in folder.glob("validations/**/*.html")} == set(
        declared
    )
    for path in pages_:
        html = path.read_text(encoding="utf-8")
        assert re.findall(r"https?://|\bsrc\s*=|<link\b|<script\b|@import|url\(", html) == []
        for target in re.findall(r'href="([^"#]+)"', html):
            assert (path.parent / target).exists(), f"{path} links to {target}"
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".html"}


def test_a_browser_shows_the_data_docs_and_loads_nothing(whole: Written, tmp_path: Path) -> None:
    """The pages forbid themselves to load anything, and a browser complains of each attempt."""
    folder = whole.folder.parent / "docs"
    common = [*browser(), f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--dump-dom"]
    shown = {
        path: browse([*common, path.as_uri()], os.environ | {"HOME": str(tmp_path)})
        for path in (folder / "index.html", next(folder.glob("validations/counts/**/*.html")))
    }
    index, counts = shown.values()
    assert "CONSOLE" not in index + counts
    for suite in whole.document["facts"]["occasion"]["declared"]:
        assert f">{suite}</a>" in index
    assert "every source row is in raw or among the rejected rows" in counts
    assert f">{len([1 for one in whole.document['checks'] if one['suite'] == 'counts'])}<" in counts
