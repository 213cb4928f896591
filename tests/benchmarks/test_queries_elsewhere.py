"""The platform's queries on the SQLite file, and what `make bench` writes of all engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.pages import main, write_pages
from benchmarks.rivals import SQLite, UnknownToEngineError
from tests.support.dbt_ground import price, source
from tests.support.sources import write

TEN_YEARS = (
    "select * from public.ohlcv_data where ticker = 'A' and region = 'KR' and timeframe = '1d' "
    "and date > '2024-02-29'::date::date - interval '10 years' order by date"
)


def figure(engine: str, p50: float | None, note: str = "") -> dict[str, Any]:
    return {
        "query": "years of <one> ticker", "engine": engine, "connections": 1, "rows": 3,
        "p50": p50, "p95": p50, "p99": p50, "cpu": None, "note": note,
    }  # fmt: skip


def document(p50: float) -> dict[str, Any]:
    figures = [figure("ours", p50), figure("plain PostgreSQL", 2.0), figure("SQLite", None, "no such function: stddev")]
    machine = {"processors": 2, "system": "Linux"}
    return {
        "begun": "2026-01-01", "server": "here", "machine": machine, "rows": 10, "sizes": {"ohlcv_data, ours": 1.5},
        "figures": figures,
    }  # fmt: skip


def test_dates_before_a_day_are_the_same_in_sqlite(tmp_path: Path) -> None:
    path = source(tmp_path / "spock.db")
    days = ("2014-02-28", "2014-03-01", "2024-02-29")
    write(path, *(price(100 + number, "A", day, "KR") for number, day in enumerate(days)))
    session = SQLite(path)
    try:
        assert session.run(TEN_YEARS) == 2
        assert session.run("select * from public.ohlcv_data where ticker = any(ARRAY['A', '7203'])") == 4
        with pytest.raises(UnknownToEngineError, match="stddev"):
            session.run("select stddev(close) from public.ohlcv_data")
    finally:
        session.close()


def test_the_page_tells_every_figure_and_the_picture_is_svg(tmp_path: Path) -> None:
    write_pages(document(1.0), tmp_path)
    page = (tmp_path / "queries.md").read_text()
    assert "| years of <one> ticker | ours | 1 | 3 | 1.0 | 1.0 | 1.0 |  |" in page
    assert "no such function: stddev" in page
    bars = [node for node in ElementTree.parse(tmp_path / "queries.svg").iter() if node.tag.endswith("rect")]
    assert len(bars) == 2


def test_two_results_are_compared_by_ratio(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, p50 in (("before", 4.0), ("after", 2.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "queries.json").write_text(json.dumps(document(p50)))
    assert main([str(tmp_path / "before"), str(tmp_path / "after")]) == 0
    assert "| years of <one> ticker | 1 | 4 → 2 (0.50) | 4 → 2 (0.50) |" in capsys.readouterr().out
    assert main([str(tmp_path / "before"), str(tmp_path / "nowhere")]) == 2
    assert "is no result of `make bench`" in capsys.readouterr().err
