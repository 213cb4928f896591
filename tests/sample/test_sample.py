"""The generated Spock database: schema, sizes, and that a clean one is clean."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from sample.__main__ import main
from sample.build import generate, manifest_path
from sample.options import REAL_TICKERS, Options, tickers_by_region
from sample.plan import plan_prices
from sample.progress import Progress
from sample.universe import make_universe

QUIET = Progress(quiet=True)

OHLCV = [
    "id", "ticker", "timeframe", "date", "region", "open", "high", "low", "close", "volume",
    "ma5", "ma20", "ma60", "ma120", "ma200", "rsi_14", "macd", "macd_signal", "macd_hist",
    "bb_upper", "bb_middle", "bb_lower", "atr_14", "atr", "volume_ma20", "volume_ratio", "created_at",
]  # fmt: skip
COLUMN_COUNTS = {
    "tickers": 17, "stock_details": 12, "etf_details": 26, "etf_holdings": 11, "etfs": 26, "ohlcv_data": 27,
    "ticker_fundamentals": 36, "technical_analysis": 15, "trades": 23, "portfolio": 12,
    "market_sentiment": 15,
    "global_market_indices": 14, "exchange_rate_history": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("clean") / "clean.db"
    generate(Options(rows=20_000, dirt="none"), path, QUIET)
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def one(connection: sqlite3.Connection, query: str, *values: object) -> Any:
    return connection.execute(query, values).fetchone()[0]


def test_all_tables_of_a_spock_database_are_there_with_their_columns(clean: sqlite3.Connection) -> None:
    tables = {name for (name,) in clean.execute("select name from sqlite_master where type = 'table'")}
    assert len(tables - {"sqlite_sequence"}) == 36
    for table, count in COLUMN_COUNTS.items():
        assert one(clean, "select count(*) from pragma_table_info(?)", table) == count, table
    assert [name for (name,) in clean.execute("select name from pragma_table_info('ohlcv_data')")] == OHLCV


def test_every_table_of_a_clean_database_has_rows(clean: sqlite3.Connection) -> None:
    for (table,) in clean.execute("select name from sqlite_master where type = 'table'").fetchall():
        assert one(clean, f"select count(*) from {table}") > 0, table


@pytest.mark.parametrize("dirt", ["none", "real", "hostile"])
@pytest.mark.parametrize("rows", [5_000, 7_919, 30_011])
def test_ohlcv_data_has_exactly_the_rows_asked_for(tmp_path: Path, rows: int, dirt: str) -> None:
    manifest = generate(Options(rows=rows, dirt=dirt), tmp_path / "a.db", QUIET)
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        assert one(connection, "select count(*) from ohlcv_data") == rows
        for table, count in manifest["tables"].items():
            quoted = table.replace('"', '""')
            assert one(connection, f'select count(*) from "{quoted}"') == count, table
        days = "select julianday(max(date)) - julianday(min(date)) from ohlcv_data where timeframe = 'D'"
        assert one(connection, f"{days} and ticker = '005930' and date like '____-__-__'") > 3_640
        assert one(connection, "select count(distinct region) from ohlcv_data") == 6


@pytest.mark.parametrize("dirt", ["none", "real"])
@pytest.mark.parametrize("rows", [5_000, 60_000, 499_999, 926_325, 2_000_000, 9_263_250])
def test_the_plan_of_any_size_adds_up(rows: int, dirt: str) -> None:
    options = Options(rows=rows, dirt=dirt)
    plan = plan_prices(options, make_universe(options))
    daily = sum(sum(group.lengths) for group in plan.groups)
    assert daily + len(plan.folded) * (plan.weeks + plan.months) + plan.shadows == rows
    for group in plan.groups:
        assert min(group.lengths) > 0
        assert max(group.lengths) <= len(plan.calendars[group.region])


@pytest.mark.parametrize("rows", [5_000, 123_456])
def test_a_clean_database_has_a_parent_for_everyone(rows: int) -> None:
    universe = make_universe(Options(rows=rows, dirt="none"))
    assert not (universe.orphans)
    assert not (universe.detail_orphans)
    assert not (universe.collisions)


def test_the_real_size_has_the_real_proportions() -> None:
    options = Options()
    universe = make_universe(options)
    plan = plan_prices(options, universe)
    assert tickers_by_region(options) == dict(REAL_TICKERS)
    assert len(universe.listed) == 18_661
    korean = [
        pair
        for group in plan.groups
        if group.region == "KR"
        for pair in zip(group.listings, group.lengths, strict=True)
    ]
    assert len(korean) == 3_745
    assert sum(length for one, length in korean if not one.known) / options.rows == pytest.approx(0.61, abs=0.01)
    assert sum(length == 250 for _, length in korean) > 2_000
    assert len(universe.collisions) == 139
    assert plan.null_regions == 281
    assert sum(length > 2_400 for group in plan.groups for length in group.lengths) >= 12


def test_same_options_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(Options(rows=6_000, seed=seed, dirt="hostile"), tmp_path / f"{name}.db", QUIET)
    content = {name: (tmp_path / f"{name}.db").read_bytes() for name in "abc"}
    told = {name: manifest_path(tmp_path / f"{name}.db").read_bytes() for name in "abc"}
    assert content["a"] == content["b"]
    assert told["a"] == told["b"]
    assert content["a"] != content["c"]
    assert told["a"] != told["c"]


def test_a_clean_database_has_no_dirt(clean: sqlite3.Connection) -> None:
    file = Path(one(clean, "select file from pragma_database_list where name = 'main'"))
    told = json.loads(manifest_path(file).read_text("utf-8"))
    assert told["dirt"] == {}
    assert told["expected"]["stubs"]["tickers"]["count"] == 0
    assert told["expected"]["quarantined"] == {}
    for table, column in (
        ("stock_details", "ticker"), ("etf_details", "ticker"), ("etfs", "ticker"), ("ohlcv_data", "ticker"),
        ("ticker_fundamentals", "ticker"), ("technical_analysis", "ticker"), ("portfolio", "ticker"),
        ("trades", "ticker"),
        ("etf_holdings", "stock_ticker"), ("etf_holdings", "etf_ticker"),
    ):  # fmt: skip
        assert one(clean, f"select count(*) from {table} where {column} not in (select ticker from tickers)") == 0, (
            table
        )
    assert one(clean, "select count(*) from etf_holdings where etf_ticker not in (select ticker from etfs)") == 0
    for table in ("stock_details", "ohlcv_data"):
        assert one(clean, f"select count(*) from {table} where region is null") == 0
    assert (
        one(
            clean,
            "select count(*) - count(distinct currency || rate_date) from exchange_rate_history",
        )
        == 0
    )
    for (table,) in clean.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
    ).fetchall():
        for (column,) in clean.execute("select name from pragma_table_info(?)", (table,)).fetchall():
            assert one(clean, f"select count(*) from {table} where {column} = ''") == 0, (table, column)


def test_a_file_that_is_not_ours_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = tmp_path / "spock_local.db"
    with closing(sqlite3.connect(real)) as connection:
        connection.execute("create table tickers (ticker text)")
    before = real.read_bytes()
    assert main(["--rows", "5000", "--quiet", "--output", str(real)]) == 2
    said = capsys.readouterr().err
    assert "was not made by this generator" in said
    assert "--force" in said
    assert "Traceback" not in said
    assert real.read_bytes() == before
    assert not manifest_path(real).exists()
    assert main(["--rows", "5000", "--quiet", "--output", str(real), "--force"]) == 0
    assert main(["--rows", "6000", "--quiet", "--output", str(real)]) == 0, "one of ours is replaced without asking"
    with closing(sqlite3.connect(real)) as connection:
        assert one(connection, "select count(*) from ohlcv_data") == 6_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spock_local.db", "spock_local.manifest.json"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rows", "10"], "--rows 10 is out of range"),
        (["--seed", "-1"], "--seed -1 is negative"),
        (["--rows", "5000", "--output", "{folder}"], "is a folder"),
        (["--rows", "5000", "--output", "/proc/nowhere/a.db"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [one.format(folder=tmp_path) for one in arguments]
    if "--output" not in given:
        given += ["--output", str(tmp_path / "a.db")]
    assert main(given) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_progress_is_plain_lines_where_there_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", "5000", "--output", str(tmp_path / "a.db")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "\r" not in err
    assert "\x1b" not in err
    assert "writing ohlcv_data: 5,000 of 5,000 rows (100%)" in err
    assert "36 tables" in err.splitlines()[-1]
    assert "a.manifest.json" in err.splitlines()[-1]


@pytest.mark.parametrize("end", [date(2024, 2, 29), date(2025, 3, 1), date(2025, 1, 1)])
def test_any_day_can_be_the_last_one(tmp_path: Path, end: date) -> None:
    manifest = generate(Options(rows=5_000, end_date=end), tmp_path / "a.db", QUIET)
    assert "1970-01-01" < manifest["ohlcv"]["last_day"] <= end.isoformat()


def test_a_day_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--end-date", "2025-13-01", "--output", str(tmp_path / "a.db")])
    assert stopped.value.code == 2
    assert "'2025-13-01' is not a day" in capsys.readouterr().err


class InterruptedStream(StringIO):
    """Ctrl-C while the first line is written."""

    def write(self, text: str) -> int:
        raise KeyboardInterrupt(text)


def test_an_interrupted_run_leaves_the_old_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    generate(Options(rows=5_000), path, QUIET)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        generate(Options(rows=6_000), path, Progress(stream=InterruptedStream()))
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.db", "a.manifest.json"]
