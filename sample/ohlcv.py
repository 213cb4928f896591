"""All rows of ohlcv_data as columns, as the application appends them: fetch by fetch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample.fetches import Fetches, draw_fetches
from sample.indicators import all_indicators
from sample.options import Options
from sample.plan import PricePlan
from sample.prices import Bars, random_bars
from sample.universe import Listing

PRICES = ("open", "high", "low", "close")
INDICATORS = (
    "ma5", "ma20", "ma60", "ma120", "ma200", "rsi_14", "macd", "macd_signal", "macd_hist",
    "bb_upper", "bb_middle", "bb_lower", "atr_14", "atr", "volume_ma20", "volume_ratio",
)  # fmt: skip
COLUMNS = ("id", "ticker", "timeframe", "date", "region", *PRICES, "volume", *INDICATORS, "created_at")

# Cells (tickers × days) worked on at once: some twenty matrices of that size are alive together.
_CELLS = 300_000
# Share of days without a trade in the real database.
HALTED = 0.0005
# The application computes no indicator at all for a history that is too short for MACD's signal.
_LEAST_DAYS = 34
# Last close of 005930, so that its prices look familiar.
_LAST_CLOSE = {"005930": 84_100.0}


@dataclass(frozen=True)
class Series:
    """One security in one timeframe."""

    listing: Listing
    timeframe: str


@dataclass
class Prices:
    """The table, column by column; all arrays have one order, and the row's id is its place plus 1.

    Attributes:
        series: the series that `series_of` points into.
        series_of: which series each row belongs to.
        days: day of each row.
        values: prices and indicators by column name, NaN where there is none.
        volume: shares.
        shadow_of: place of the row that a shadow row repeats, -1 for all others.
        fetches: what the application fetched when.
        fetch_of: which fetch brought each row.
    """

    series: list[Series]
    series_of: NDArray[np.int32]
    days: NDArray[np.datetime64]
    values: dict[str, NDArray[np.float64]]
    volume: NDArray[np.int64]
    shadow_of: NDArray[np.int64]
    fetches: Fetches
    fetch_of: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.days)


@dataclass
class _Parts:
    """What is made batch by batch, before it is put in order."""

    series: list[Series]
    series_of: list[NDArray[np.int32]]
    days: list[NDArray[np.datetime64]]
    values: dict[str, list[NDArray[np.float64]]]

    def add(self, series: list[Series], place: NDArray[np.int64], days: NDArray[np.datetime64], bars: Bars,
            kept: NDArray[np.bool_]) -> None:  # fmt: skip
        """Compute the indicators of one batch and keep the cells that are rows."""
        self.series_of.append((place + len(self.series)).astype(np.int32))
        self.days.append(days)
        self.series += series
        columns = {name: getattr(bars, name) for name in (*PRICES, "volume")}
        indicators = all_indicators(bars.high, bars.low, bars.close, bars.volume)
        for matrix in indicators.values():
            matrix[kept.sum(axis=1) < _LEAST_DAYS] = np.nan
        columns |= indicators
        for name, matrix in columns.items():
            self.values[name].append(matrix[kept])


def fold(days: NDArray[np.datetime64], bars: Bars, unit: str, count: int) -> tuple[NDArray[np.datetime64], Bars]:
    """Fold one security's days to its last `count` weeks ('W') or months ('M'), dated by their last day."""
    # numpy's weeks begin on Thursday, the day of 1970-01-01: Monday weeks are three days off.
    period = (days.astype(np.int64) + 3) // 7 if unit == "W" else days.astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.diff(period, prepend=period[0] - 1))[-count:]
    ends = np.append(starts[1:], len(days)) - 1
    opening, high, low = bars.open[0], bars.high[0], bars.low[0]
    return days[ends], Bars(
        opening[starts][None, :],
        np.maximum.reduceat(high, starts)[None, :],
        np.minimum.reduceat(low, starts)[None, :],
        bars.close[0][ends][None, :],
        np.add.reduceat(bars.volume[0], starts)[None, :],
    )


def _row(bars: Bars, place: int) -> Bars:
    return Bars(*(getattr(bars, name)[place : place + 1] for name in (*PRICES, "volume")))


def make_prices(options: Options, plan: PricePlan, rng: np.random.Generator) -> Iterator[int | Prices]:
    """Draw all prices, compute all indicators and put the rows in order.

    Yields:
        The number of rows made so far, again and again, and at last the finished Prices.
    """
    parts = _Parts([], [], [], {name: [] for name in (*PRICES, "volume", *INDICATORS)})
    folded = {(one.ticker, one.region) for one in plan.folded}
    halted = HALTED if options.dirty else 0.0
    made = 0
    for group in plan.groups:
        calendar = plan.calendars[group.region]
        width = max(group.lengths)
        step = max(1, _CELLS // width)
        for first in range(0, len(group.listings), step):
            listings = group.listings[first : first + step]
            lengths = np.asarray(group.lengths[first : first + step])
            last = _LAST_CLOSE.get(listings[0].ticker)
            bars = random_bars(group.region, len(listings), width, rng, halted, last)
            columns = np.arange(width)
            kept = columns[None, :] < lengths[:, None]
            place, column = np.nonzero(kept)
            day_at = (len(calendar) - lengths[:, None] + columns[None, :])[kept]
            parts.add([Series(one, "D") for one in listings], place, calendar[day_at], bars, kept)
            for number, one in enumerate(listings):
                if (one.ticker, one.region) in folded and lengths[number] == len(calendar):
                    for unit, count in (("W", plan.weeks), ("M", plan.months)):
                        days, large = fold(calendar, _row(bars, number), unit, count)
                        every = np.ones((1, len(days)), dtype=bool)
                        parts.add([Series(one, unit)], np.zeros(len(days), np.int64), days, large, every)
                        made += len(days)
            made += len(column)
            yield made
    yield _in_order(parts, plan, options)


def _in_order(parts: _Parts, plan: PricePlan, options: Options) -> Prices:
    """Concatenate the batches, add the shadows, sort by run, series and day."""
    series_of = np.concatenate(parts.series_of)
    days = np.concatenate(parts.days)
    rank = np.empty(len(parts.series), np.int32)
    names = [(one.listing.region, one.listing.ticker, one.timeframe) for one in parts.series]
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names), dtype=np.int32)
    fetches = draw_fetches(options, rank)
    run = fetches.run_of(series_of, days)

    source = np.arange(len(days))
    shadow = np.zeros(len(days), dtype=bool)
    if plan.shadows:
        # A shadow has no region, so its ticker must belong to one market only.
        clear = np.array([one.timeframe == "D" and one.listing.region in ("KR", "JP") for one in parts.series])
        chosen = options.rng("shadows").choice(np.flatnonzero(clear[series_of]), plan.shadows, replace=False)
        source = np.concatenate([source, np.sort(chosen)])
        shadow = np.concatenate([shadow, np.ones(plan.shadows, dtype=bool)])
    order = np.lexsort((shadow, days[source], rank[series_of[source]], run[source]))
    source, shadow = source[order], shadow[order]
    values = {}
    for name in list(parts.values):
        values[name] = np.concatenate(parts.values.pop(name))[source]
    volume = values.pop("volume").astype(np.int64)
    # Each shadow stands right behind the row that it repeats, with another volume.
    shadow_of = np.where(shadow, np.arange(len(source)) - 1, -1)
    volume[shadow] = volume[shadow] * 11 // 10 + 7
    fetch_of = series_of[source] * len(fetches.days) + run[source]
    return Prices(parts.series, series_of[source], days[source], values, volume, shadow_of, fetches, fetch_of)
