"""The platform's queries against their budgets: what is slow is a warning, unless the machine is busy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from expectations import queries
from tests.support.verdict_ground import Ground


def test_a_query_over_an_empty_table_says_so_and_the_others_return_rows(migrated: Ground) -> None:
    outcome = migrated.run("--only", "speed")
    assert outcome.code == 0
    observed = {check["description"].split(" within")[0]: check["observed"] for check in outcome.document["checks"]}
    assert observed["the 50 best backtests by sharpe ratio"] == "no rows yet in backtest_results"
    ((days,),) = migrated.query(
        "select count(*) from public.ohlcv_data where timeframe = '1d' and ticker = '005930' "
        "and date > (select max(date) from public.ohlcv_data where timeframe = '1d') - interval '10 years'"
    )
    assert f" {days:,} rows" in observed["ten years of one ticker"]
    assert {"all tickers on one day", "the months of one ticker", "sectors over the last month"} <= observed.keys()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Gives the first query a budget that nothing keeps, and `select 1` the one that is told."""

    def budgets(pulse: float) -> None:
        chosen = {queries.QUERIES[0]: 0.001, queries.PULSE: pulse}
        monkeypatch.setattr(queries.Query, "budget", lambda query, _: chosen.get(query, 1e9))

    return budgets


def test_a_query_beyond_its_budget_is_a_warning_and_its_plan_stands_in_the_report(
    migrated: Ground, slow: Callable[[float], None], tmp_path: Path
) -> None:
    slow(1e9)
    outcome = migrated.run("--only", "speed", "--report", str(tmp_path))
    assert outcome.code == 0
    (said,) = [text for description, text in outcome.failed.items() if description.startswith("ten years")]
    assert "budget 0.001 ms" in said
    assert "actual time" not in said
    facts = json.loads((tmp_path / "phase1-speed.json").read_text(encoding="utf-8"))["facts"]
    assert any("actual time" in line for line in facts["times"][0]["plan"])
    assert "actual time" in (tmp_path / "phase1-speed.html").read_text(encoding="utf-8")


def test_a_busy_machine_is_named_and_its_queries_are_not_judged(
    migrated: Ground, slow: Callable[[float], None]
) -> None:
    slow(0)
    outcome = migrated.run("--only", "speed")
    assert not [description for description in outcome.failed if description.startswith("ten years")]
    (first,) = [check for check in outcome.document["checks"] if check["description"].startswith("ten years")]
    assert "not judged: the machine is busy" in first["observed"]
    assert any(note.startswith("The machine is busy: `select 1` took ") for note in outcome.document["notes"])
