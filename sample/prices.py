"""Daily bars as geometric random walks, on the price levels and ticks of each market."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# Typical price (median, in local currency), sigma of its logarithm, typical daily volume.
_LEVELS: dict[str, tuple[float, float, float]] = {
    "KR": (18_000.0, 1.1, 180_000.0),
    "US": (38.0, 1.0, 900_000.0),
    "JP": (1_900.0, 0.8, 300_000.0),
    "HK": (6.0, 1.2, 2_500_000.0),
    "CN": (14.0, 0.8, 6_000_000.0),
    "VN": (21_000.0, 0.7, 700_000.0),
}

# Ticks: below this price, this step (Korea Exchange 2023, Ho Chi Minh); the other markets have one step.
_STEPS: dict[str, tuple[tuple[float, float], ...]] = {
    "KR": ((2e3, 1.0), (5e3, 5.0), (2e4, 10.0), (5e4, 50.0), (2e5, 100.0), (5e5, 500.0), (np.inf, 1e3)),
    "VN": ((1e4, 10.0), (5e4, 50.0), (np.inf, 100.0)),
    "JP": ((np.inf, 1.0),),
}


@dataclass(frozen=True)
class Bars:
    """Bars of many tickers of one market: a row a ticker, a column a day. Volume is in shares."""

    open: Matrix
    high: Matrix
    low: Matrix
    close: Matrix
    volume: Matrix


def to_tick(region: str, price: Matrix) -> Matrix:
    """Round prices to the market's step, never below one step."""
    if region not in _STEPS:
        return np.maximum(np.round(price, 2), 0.01)
    limits, steps = zip(*_STEPS[region], strict=True)
    step = np.asarray(steps)[np.searchsorted(np.asarray(limits[:-1]), price, side="right")]
    stepped: Matrix = np.maximum(np.round(price / step) * step, step)
    return stepped


def random_bars(
    region: str,
    tickers: int,
    days: int,
    rng: np.random.Generator,
    halted_share: float,
    last: float | None = None,
) -> Bars:
    """Draw bars.

    Args:
        region: the market, which gives level, ticks and volume.
        tickers: rows of the matrices.
        days: columns of the matrices.
        rng: the random stream to draw from.
        halted_share: share of days without a trade: volume 0 and the last close as the whole bar.
        last: the last close of the first ticker, when it is to end at a known level.
    """
    median, sigma, shares = _LEVELS[region]
    level = median * np.exp(sigma * rng.standard_normal((tickers, 1)))
    daily = rng.uniform(0.012, 0.035, (tickers, 1))
    halted = rng.random((tickers, days)) < halted_share
    halted[:, 0] = False
    steps = daily * rng.standard_normal((tickers, days)) + rng.uniform(-2e-4, 5e-4, (tickers, 1))
    steps[:, 0] = 0.0
    steps[halted] = 0.0
    path = np.cumsum(steps, axis=1)
    if last is not None:
        level[0] = last / np.exp(path[0, -1])
    close = to_tick(region, level * np.exp(path))
    before = np.concatenate([close[:, :1], close[:, :-1]], axis=1)
    # A halted day has a zero step, and rounding is a function of the path alone: its close is the last close.
    opening = to_tick(region, before * np.exp(0.3 * daily * rng.standard_normal((tickers, days))))
    top = np.maximum(opening, close)
    bottom = np.minimum(opening, close)
    high = np.maximum(to_tick(region, top * (1 + 0.5 * daily * np.abs(rng.standard_normal((tickers, days))))), top)
    low = np.minimum(to_tick(region, bottom * (1 - 0.5 * daily * rng.random((tickers, days)))), bottom)
    turnover = shares * np.exp(0.9 * rng.standard_normal((tickers, 1)) + 0.5 * rng.standard_normal((tickers, days)))
    volume = np.maximum(np.floor(turnover), 1.0)
    for bar in (opening, high, low):
        np.copyto(bar, close, where=halted)
    volume[halted] = 0.0
    return Bars(opening, high, low, close, volume)
