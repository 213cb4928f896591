"""Technical indicators over many series at once: one row a ticker, one column a day.

All are causal, so a series may be cut at its end without changing what stays. A value is NaN until the
history that its definition needs is there; SQLite stores NaN as NULL.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def sma(values: Matrix, window: int) -> Matrix:
    """Simple moving average, from the `window`-th day on."""
    out = np.full(values.shape, np.nan)
    if values.shape[1] >= window:
        total = np.cumsum(values, axis=1)
        out[:, window - 1] = total[:, window - 1]
        out[:, window:] = total[:, window:] - total[:, :-window]
        out /= window
    return out


def bollinger(close: Matrix, window: int = 20, width: float = 2.0) -> tuple[Matrix, Matrix, Matrix]:
    """Upper, middle and lower band: mean and population standard deviation of the last `window` closes."""
    middle = sma(close, window)
    spread = np.full(close.shape, np.nan)
    if close.shape[1] >= window:
        # Deviations from the window's own mean: the difference of squared sums loses its digits on quiet
        # prices.
        squares = np.zeros((close.shape[0], close.shape[1] - window + 1))
        mean = middle[:, window - 1 :]
        for offset in range(window):
            squares += (close[:, offset : offset + squares.shape[1]] - mean) ** 2
        spread[:, window - 1 :] = width * np.sqrt(squares / window)
    return middle + spread, middle, middle - spread


def _wilder(values: Matrix, window: int) -> Matrix:
    """Wilder's smoothing, seeded with the plain mean of the first `window` values."""
    out = np.full(values.shape, np.nan)
    if values.shape[1] >= window:
        out[:, window - 1] = values[:, :window].mean(axis=1)
        for day in range(window, values.shape[1]):
            out[:, day] = (out[:, day - 1] * (window - 1) + values[:, day]) / window
    return out


def atr(high: Matrix, low: Matrix, close: Matrix, window: int = 14) -> Matrix:
    """Average true range after Wilder; the first day's true range is high - low."""
    before = np.concatenate([close[:, :1], close[:, :-1]], axis=1)
    true_range = np.maximum(high, before) - np.minimum(low, before)
    true_range[:, 0] = high[:, 0] - low[:, 0]
    return _wilder(true_range, window)


def _ema(values: Matrix, span: int) -> Matrix:
    """Exponential moving average, seeded with the first value."""
    out = np.empty(values.shape)
    alpha = 2.0 / (span + 1)
    out[:, 0] = values[:, 0]
    for day in range(1, values.shape[1]):
        out[:, day] = alpha * values[:, day] + (1 - alpha) * out[:, day - 1]
    return out


def rsi(close: Matrix, window: int = 14) -> Matrix:
    """Relative strength index after Wilder, seeded with the first change; 50 where nothing moved."""
    out = np.full(close.shape, np.nan)
    change = np.diff(close, axis=1)
    gain = _ema(np.maximum(change, 0.0), 2 * window - 1)
    moved = gain + _ema(np.maximum(-change, 0.0), 2 * window - 1)
    with np.errstate(invalid="ignore"):
        out[:, 1:] = np.where(moved == 0.0, 50.0, 100.0 * gain / moved)
    return out


def macd(close: Matrix, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Matrix, Matrix, Matrix]:
    """MACD line (from day `slow` on), its signal line (`signal` - 1 days later) and their difference."""
    line = _ema(close, fast) - _ema(close, slow)
    line[:, : slow - 1] = np.nan
    smooth = np.full(close.shape, np.nan)
    if close.shape[1] >= slow:
        smooth[:, slow - 1 :] = _ema(line[:, slow - 1 :], signal)
        smooth[:, slow - 1 : slow + signal - 2] = np.nan
    return line, smooth, line - smooth


def all_indicators(high: Matrix, low: Matrix, close: Matrix, volume: Matrix) -> dict[str, Matrix]:
    """Every indicator column of ohlcv_data, by its name, as the application stores it."""
    upper, middle, lower = bollinger(close)
    line, signal, histogram = macd(close)
    volume_ma20 = sma(volume, 20)
    # Where there is no ratio the application writes 1, and of the mean volume it keeps the whole shares.
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(volume_ma20 > 0, volume / volume_ma20, 1.0)
    true_range = atr(high, low, close)
    return {
        **{f"ma{window}": sma(close, window) for window in (5, 20, 60, 120, 200)},
        "rsi_14": rsi(close),
        "macd": line,
        "macd_signal": signal,
        "macd_hist": histogram,
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
        "atr_14": true_range,
        "atr": true_range,
        "volume_ma20": np.floor(volume_ma20),
        "volume_ratio": ratio,
    }
