"""The three commands one after the other, on both targets, against an oracle that none of them wrote."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.places import Place

COMMANDS = {
    "load": ("python", "-m", "loader.run"),
    "build": ("dbt", "build", "--quiet"),
    "verdict": ("great_expectations", "checkpoint", "run", "phase1", "--no-report"),
}
TIMEFRAMES = {"D": "1d", "W": "1w", "M": "1m"}
NUMBERS = (
    "open high low close volume ma5 ma20 ma60 ma120 ma200 rsi_14 macd macd_signal macd_hist bb_upper bb_middle bb_lower"
)
NUMBERS += " atr_14 atr volume_ma20 volume_ratio"


@dataclass(frozen=True)
class Way:
    """A sample, its manifest, and the target that the three commands brought it to.

    Attributes:
        months: the monthly bars that they made of it, before any test added a day.
    """

    place: Place
    source: Path
    manifest: dict[str, Any]
    months: dict[tuple[str, str], list[tuple[object, ...]]] = field(default_factory=dict)

    def run(self, name: str) -> None:
        self.place.run(*COMMANDS[name], SPOCK_SQLITE=str(self.source))

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        """A digest of every table, and the transaction that last wrote to it: a row that is written again shows."""
        tables = self.place.query(
            "select table_schema || '.' || quote_ident(table_name) from information_schema.tables "
            "where table_schema in ('raw', 'public', 'audit') and table_type = 'BASE TABLE' "
            "and table_name not in ('_loads', '_dlt_loads', '_dlt_version', 'verdicts', 'test_passes') order by 1"
        )
        compressed = {"public.ohlcv_data"}  # whose rows have no xmin of their own
        return {
            str(name): self.place.query(
                f"select count(*), md5(string_agg(t::text, '|' order by t::text))"
                f"{'' if name in compressed else ', max(xmin::text::bigint)'} from {name} t"
            )
            for (name,) in tables
        }


@pytest.fixture(scope="module")
def way(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Way:
    source = tmp_path_factory.mktemp("source") / "spock.db"
    place.run("python", "-m", "loader.sample", "--rows", "8000", "--dirt", "real", "--output", str(source), "--quiet")
    made = Way(place, source, json.loads(source.with_suffix(".manifest.json").read_text()))
    del place.environment["DBT_EXCLUDE_RESOURCE_TYPES"]
    for name in COMMANDS:
        made.run(name)
    asked = "select ticker, region, month::text, open, high, low, close, volume::bigint, trading_days"
    for ticker, region, *month in place.query(f"{asked} from public.ohlcv_monthly order by 1, 2, ohlcv_monthly.month"):
        made.months.setdefault((str(ticker), str(region)), []).append(tuple(month))
    return made


def test_unit_tests_of_dbt_are_among_what_a_build_runs(way: Way) -> None:
    results = json.loads((Path(way.place.environment["DBT_TARGET_PATH"]) / "run_results.json").read_text())["results"]
    assert {one["status"] for one in results if one["unique_id"].startswith("unit_test.")} == {"pass"}


def day(text: str) -> dt.date:
    year, month, of_month = re.match(r"(\d{4})\D?(\d\d)\D?(\d\d)", text).groups()  # type: ignore[union-attr]
    return dt.date(int(year), int(month), int(of_month))


def instant(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    zone = ZoneInfo("Asia/Seoul") if "T" in text else dt.UTC
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone)


def test_every_price_is_in_public_with_every_value(way: Way) -> None:
    with closing(sqlite3.connect(way.source)) as connection:
        regions = dict(connection.execute("select ticker, region from tickers"))
        columns = f"rowid, ticker, region, timeframe, date, created_at, {', '.join(NUMBERS.split())}"
        losers = {loser["rowid"] for loser in way.manifest["expected"]["shadow_losers"]}
        wanted = {}
        for rowid, ticker, region, timeframe, date, created, *numbers in connection.execute(
            f"select {columns} from ohlcv_data"
        ):
            if rowid in losers:
                continue
            # The generator leaves out the region of six-digit codes (KR) and four-character ones (JP) only.
            resolved = region or regions.get(ticker) or ("KR" if len(ticker) == 6 else "JP")
            key = (ticker, resolved, TIMEFRAMES[timeframe], day(date))
            assert key not in wanted
            wanted[key] = (instant(created), *numbers)
    got = {
        row[:4]: row[4:]
        for row in way.place.query(
            f"select ticker, region, timeframe, date, created_at, {', '.join(NUMBERS.split())} from public.ohlcv_data"
        )
    }
    assert got.keys() == wanted.keys()
    assert [key for key in wanted if got[key] != wanted[key]] == []


def test_missing_parents_became_stubs_and_no_others(way: Way) -> None:
    stubs = way.place.query(
        "select ticker, region from public.tickers where data_source = 'inferred' and not is_active "
        "and source_rowid is null order by 1, 2"
    )
    by_table = way.manifest["expected"]["stubs"]["tickers_by_table"]
    expected = {tuple(key) for keys in by_table.values() for key in keys}
    assert {tuple(row) for row in stubs} == expected
    assert way.place.query("select count(*) from public.tickers") == [
        (way.manifest["tables"]["tickers"] + len(expected),)
    ]


def test_what_cannot_live_in_public_is_quarantined_with_its_reason(way: Way) -> None:
    got = way.place.query("select table_name, rowid from audit.quarantine order by 1, 2")
    expected = way.manifest["expected"]["quarantined"]
    assert got == sorted((table, row["rowid"]) for table, rows in expected.items() for row in rows)
    assert way.place.query("select count(*) from audit.quarantine where reason = '' or \"row\" = '{}'") == [(0,)]


def test_monthly_bars_are_those_of_the_daily_rows(way: Way) -> None:
    for key, months in way.manifest["monthly"].items():
        ticker, region = key.rsplit("/", 1)
        got = way.months[ticker, region]
        expected = [
            tuple(month[name] for name in ("month", "open", "high", "low", "close", "volume", "trading_days"))
            for month in months
        ]
        assert got[-len(expected) :] == expected


def test_all_three_again_change_nothing(way: Way) -> None:
    before = way.contents()
    for name in COMMANDS:
        way.run(name)
    assert way.contents() == before


@pytest.mark.parametrize(
    ("name", "after"), [("load", 0.8), ("load", 1.6), ("build", 2.0), ("build", 4.0), ("build", 6.0), ("verdict", 3.0)]
)
def test_each_command_killed_and_run_again_ends_in_the_same_state(way: Way, name: str, after: float) -> None:
    """A day's rows are added and a killed command, run again, brings them where an unhurt one would."""
    with closing(sqlite3.connect(way.source)) as connection, connection:
        connection.execute(
            "insert into ohlcv_data (ticker, timeframe, date, region, open, high, low, close, volume, created_at) "
            "select ticker, timeframe, date(max(date), '+1 day'), region, 1, 2, 0.5, 1.5, 10, max(created_at) "
            "from ohlcv_data where region is not null and timeframe = 'D' and date like '____-__-__' "
            "group by ticker, timeframe, region"
        )
        (rows,) = connection.execute("select count(*) from ohlcv_data").fetchone()
    for before in COMMANDS:
        if before == name:
            break
        way.run(before)
    running = way.place.start(*COMMANDS[name], SPOCK_SQLITE=str(way.source))
    time.sleep(after)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    for each in COMMANDS:
        way.run(each)
    (public,) = way.place.query("select count(*) from public.ohlcv_data")[0]
    assert public == rows - len(way.manifest["expected"]["shadow_losers"])
    assert way.place.query("select sum(difference) from audit.conservation") == [(0,)]
