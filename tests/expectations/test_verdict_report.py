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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest

from expectations import catalog, cli
from expectations.report import Occasion, asking, gather
from expectations.report.wording import size
from expectations.session import open_session
from expectations.verdict import Check
from loader.snapshot import open_snapshot
from quant.paths import PROJECT
from quant.text import STEERING
from tests.support.places import Place
from tests.support.report_pages import facts, pages, plain, verdict, words
from tests.support.verdict_ground import Ground, Outcome

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


def run(ground: Ground, folder: Path, *more: str, name: str = "phase1") -> Written:
    outcome = ground.run("--report", str(folder), *more)
    texts = [(folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("json", "md", "html")]
    return Written(outcome, json.loads(texts[0]), texts[1], texts[2], folder)


@pytest.fixture(scope="module")
def whole(migrated: Ground, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("reports") / "new" / "folder"
    return run(migrated, folder, "--data-docs", str(folder.parent / "docs"))


def test_the_report_has_three_files_that_are_kept_and_the_verdict_of_the_run(whole: Written) -> None:
    kept = {path.name for path in whole.folder.iterdir() if not path.name.startswith(".")}
    latest = {f"phase1.{kind}" for kind in ("json", "md", "html")}
    began = datetime.fromisoformat(whole.document["facts"]["occasion"]["began"])
    stamp = f"{whole.document['facts']['target']}-{began:%Y%m%dT%H%M%SZ}"
    assert kept == latest | {f"phase1-{stamp}.{kind}" for kind in ("json", "md", "html")}
    for kind in ("json", "md", "html"):
        texts = {(whole.folder / f"{name}.{kind}").read_bytes() for name in ("phase1", f"phase1-{stamp}")}
        assert len(texts) == 1
    assert f"Report: {whole.folder / 'phase1.html'}" in whole.outcome.error
    for part in ("verdict", "exit_code", "checks", "tables", "notes", "target"):
        assert whole.document[part] == whole.outcome.document[part]
    assert whole.outcome.code == 0
    assert whole.document["sentence"].startswith("Every value of the source’s ")
    assert whole.document["sentence"] in words(whole.html)
    assert f"May the old system be switched off? **Yes.** {whole.document['sentence']}" in plain(whole.markdown)


def test_what_a_build_makes_and_sets_is_nothing_to_warn_of(whole: Written) -> None:
    assert whole.outcome.wrong == []


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
    refreshed = "ohlcv_monthly, ohlcv_quarterly, ohlcv_yearly"  # by one job
    assert {one["relation"] for one in facts["jobs"]} >= {"ohlcv_data", "factor_scores", refreshed}
    assert {one["p95"] for one in facts["times"] if one["table"] == "backtest_results"} == {None}
    assert all(one["p95"] > 0 for one in facts["times"] if one["table"] == "ohlcv_data")
    for name in ("Rows kept apart", "Size of the compressed chunks", "Query times and their budgets"):
        assert f"<title>{name}" in whole.html
    assert size(before) in words(whole.html)


def test_a_failed_expectation_stands_in_all_three(migrated: Ground, tmp_path: Path) -> None:
    with migrated.changed("portfolio", "source_rowid = 1", "update {table} set quantity = 12345 where {where}"):
        found = run(migrated, tmp_path, "--only", "values", name="phase1-values")
    assert found.outcome.code == found.document["exit_code"] == 1
    (problem,) = {line for line in found.outcome.said.splitlines() if "quantity is 12345" in line}
    (description,) = found.outcome.failed
    binding = sum(check["severity"] == "critical" for check in found.document["checks"])
    for text in (words(found.html), plain(found.markdown)):
        assert description in text
        assert problem.strip() in text
        assert f"1 of {binding} binding expectations failed: keep the old database until it passes." in text
        assert (
            "Left out of this run: counts, columns, fingerprints, keys, aggregates, constraints, content, "
            "factors, health and speed." in text
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
            asked = asking(session, suites=())
            occasion = Occasion(datetime.now(UTC), {"counts": 1}, ("counts",))
            found = gather(session, occasion, migrated.source, asked())
    assert found.load is not None
    assert "PostgreSQL" in found.versions
    assert (found.own_tables, found.hypertables, found.lags, found.jobs, found.held) == ({}, (), (), (), ())
    html, _ = pages(verdict(), found, tmp_path)
    assert "No row is kept apart" in words(html)


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


def test_a_name_steers_no_terminal_and_no_reader(tmp_path: Path) -> None:
    name = "ev\x1b[31mil\u202egpj\x07\x9b2J"
    made = verdict(Check("values", name, "critical", False, name, (name,), finding=name))
    line = replace(made.tables[0], table=name)
    pages(replace(made, tables=(line,)), facts(), tmp_path)
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "31mil" in text
        assert [one for one in text if one != "\n" and category(one) in STEERING] == [], path.name
