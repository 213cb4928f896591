"""The prices of a generated database: indicators after their definitions, bars, and the order of the rows."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import pytest

from sample.build import generate
from sample.ohlcv import INDICATORS
from sample.options import Options
from sample.progress import Progress


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("prices") / "clean.db"
    generate(Options(rows=20_000, dirt="none"), path, Progress(quiet=True))
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def one(connection: sqlite3.Connection, query: str, *values: object) -> Any:
    return connection.execute(query, values).fetchone()[0]


def _slow_indicators(bars: list[sqlite3.Row], at: int) -> dict[str, float | None]:
    """Each indicator of one day from its definition, with nothing but loops."""
    close = [bar["close"] for bar in bars[: at + 1]]
    volume = [bar["volume"] for bar in bars[: at + 1]]
    found: dict[str, float | None] = {}
    for days in (5, 20, 60, 120, 200):
        found[f"ma{days}"] = math.fsum(close[-days:]) / days if len(close) >= days else None
    if len(close) >= 20:
        mean = math.fsum(close[-20:]) / 20
        spread = math.sqrt(math.fsum((price - mean) ** 2 for price in close[-20:]) / 20)
        found |= {"bb_upper": mean + 2 * spread, "bb_middle": mean, "bb_lower": mean - 2 * spread}
        found["volume_ma20"] = math.floor(math.fsum(volume[-20:]) / 20)
        found["volume_ratio"] = volume[-1] * 20 / math.fsum(volume[-20:])
    else:
        found |= dict.fromkeys(("bb_upper", "bb_middle", "bb_lower", "volume_ma20"))
        found["volume_ratio"] = 1.0
    changes = [after - before for before, after in pairwise(close)]
    found["rsi_14"] = None
    if changes:
        gain, loss = max(changes[0], 0), max(-changes[0], 0)
        for change in changes[1:]:
            gain, loss = (gain * 13 + max(change, 0)) / 14, (loss * 13 + max(-change, 0)) / 14
        found["rsi_14"] = 100 * gain / (gain + loss)
    ranges = [bars[0]["high"] - bars[0]["low"]]
    for day in range(1, at + 1):
        high, low, before = bars[day]["high"], bars[day]["low"], close[day - 1]
        ranges.append(max(high - low, abs(high - before), abs(low - before)))
    average = sum(ranges[:14]) / 14 if len(ranges) >= 14 else None
    for value in ranges[14:]:
        assert average is not None
        average = (average * 13 + value) / 14
    found["atr"] = found["atr_14"] = average

    def exponential(values: list[float], span: int) -> list[float]:
        out = values[:1]
        for value in values[1:]:
            out.append(value * 2 / (span + 1) + out[-1] * (1 - 2 / (span + 1)))
        return out

    line = [fast - slow for fast, slow in zip(exponential(close, 12), exponential(close, 26), strict=True)]
    found["macd"] = line[at] if at >= 25 else None
    signal = exponential(line[25:], 9)[-1] if at >= 33 else None
    found["macd_signal"] = signal
    found["macd_hist"] = None if signal is None else line[at] - signal
    return found


@pytest.mark.parametrize("ticker", ["005930", "AAPL", "VNM", "1.SZ"])
def test_indicators_follow_their_definitions(clean: sqlite3.Connection, ticker: str) -> None:
    cursor = clean.cursor()
    cursor.row_factory = sqlite3.Row  # type: ignore[assignment]
    bars = cursor.execute(
        "select * from ohlcv_data where ticker = ? and timeframe = 'D' order by date", (ticker,)
    ).fetchall()
    days = {
        0,
        1,
        3,
        4,
        13,
        14,
        18,
        19,
        24,
        25,
        32,
        33,
        58,
        59,
        119,
        120,
        198,
        199,
        len(bars) // 2,
        len(bars) - 1,
    }
    for at in sorted(day for day in days if day < len(bars)):
        for name, expected in _slow_indicators(bars, at).items():
            assert bars[at][name] == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-7)), (
                name,
                at,
            )


def test_a_history_too_short_for_macd_has_no_indicators(clean: sqlite3.Connection) -> None:
    some = f"coalesce({', '.join(INDICATORS)}) is not null"
    assert one(clean, f"select count(*) from ohlcv_data where timeframe = 'M' and {some}") == 0
    assert one(clean, f"select count(*) from ohlcv_data where timeframe = 'W' and {some}") > 0


def test_rows_stand_fetch_by_fetch(clean: sqlite3.Connection) -> None:
    rows = clean.execute("select region, ticker, timeframe, created_at, date from ohlcv_data order by id").fetchall()
    fetches = [(key, [row[-1] for row in group]) for key, group in groupby(rows, key=itemgetter(0, 1, 2, 3))]
    assert len({key for key, _ in fetches}) == len(fetches), "a fetch stands in one place"
    runs = [key[3][:10] for key, _ in fetches]
    assert runs == sorted(runs)
    assert len(set(runs)) == 10
    by_series: dict[tuple[str, ...], list[list[str]]] = {}
    for (*series, created), days in fetches:
        assert days[-1] < created
        by_series.setdefault(tuple(series), []).append(days)
    for first, *later in by_series.values():
        days = sum(later, first)
        assert days == sorted(days)
        assert all(len(gap) < 10 for gap in later)
    assert max(map(len, by_series.values())) > 5
    assert len({len(gap) for _, *later in by_series.values() for gap in later}) > 1


def test_bars_of_a_clean_database_are_possible(clean: sqlite3.Connection) -> None:
    wrong = "high < max(open, close, low) or low > min(open, close, high) or low <= 0 or volume < 1"
    assert one(clean, f"select count(*) from ohlcv_data where {wrong}") == 0
    assert one(clean, "select count(*) from ohlcv_data where strftime('%w', date) in ('0', '6')") == 0
    assert (
        one(
            clean,
            "select count(*) from ohlcv_data where date not glob '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]'",
        )
        == 0
    )
    assert one(clean, "select max(date) from ohlcv_data") <= "2025-10-02"
    assert one(clean, "select count(*) from ohlcv_data join tickers using (ticker) where date < listing_date") == 0
    assert one(clean, "select count(*) from ohlcv_data join tickers using (ticker) where not is_active") == 0


def test_korean_prices_stand_on_their_ticks(clean: sqlite3.Connection) -> None:
    assert (
        one(
            clean,
            "select count(*) from ohlcv_data where region = 'KR' and close >= 50000 and close % 100 <> 0",
        )
        == 0
    )
    assert one(clean, "select count(*) from ohlcv_data where region = 'KR' and close <> round(close)") == 0


def test_weekly_and_monthly_bars_are_folded_from_the_days(clean: sqlite3.Connection) -> None:
    assert one(clean, "select count(*) from ohlcv_data where timeframe = 'W'") == 52
    assert one(clean, "select count(*) from ohlcv_data where timeframe = 'M'") == 12
    frames = {"W": "date(date, 'weekday 0')", "M": "strftime('%Y-%m', date)"}
    for frame, period in frames.items():
        bars = clean.execute(
            f"select {period}, date, open, high, low, close, volume from ohlcv_data "
            "where ticker = '005930' and timeframe = ? order by date", (frame,),
        ).fetchall()  # fmt: skip
        for key, last, *bar in bars:
            inside = clean.execute(
                f"select date, open, high, low, close, volume from ohlcv_data "
                f"where ticker = '005930' and timeframe = 'D' and {period} = ? order by date", (key,),
            ).fetchall()  # fmt: skip
            opens, highs, lows, closes, volumes = list(zip(*inside, strict=True))[1:]
            assert last == inside[-1][0]
            assert bar == [opens[0], max(highs), min(lows), closes[-1], sum(volumes)]
