"""The evaluation of a region's month, worked out again from its scores and prices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations

import numpy as np

from expectations.factors.calendar import months_after
from expectations.factors.scores import Prices, Score

HORIZONS = (1, 2, 3, 6, 12)
BEST = 5  # of the quintiles
NEAR = 1e-9

Key = tuple[object, ...]
Values = tuple[float | None, ...]
Month = Mapping[str, Mapping[str, Score]]  # scores by factor and ticker


def evaluation(
    month: date,
    scores: Month,
    before: Month,
    prices: Mapping[str, Prices],
    month_ends: Mapping[date, date],
    stocks: int,
    names: Sequence[str],
    fewest: int,
) -> dict[Key, Values]:
    """What the evaluation tables should have of a region and month.

    Args:
        month: its first day.
        scores: of its last calendar day.
        before: of the last calendar day of the month before; empty where there is none.
        prices: of the region's universe.
        month_ends: the last calendar day of each month, by its first day.
        stocks: of the universe with a price on the last day.
        names: of all factors.
        fewest: stocks that an information coefficient takes.

    Returns:
        Values by table and key: ic and quintile by factor and horizon, turnover by factor, correlation by two factors,
        coverage by factor.
    """
    found: dict[Key, Values] = {}
    ranked = {name: _ranked(rows) for name, rows in scores.items()}
    for horizon in HORIZONS:
        end = month_ends.get(months_after(month, horizon))
        if end is None:
            continue
        for name, percentiles in ranked.items():
            if percentiles:
                found |= _forward(name, horizon, percentiles, prices, month_ends[month], end, fewest)
    for name, percentiles in ranked.items():
        found |= _turnover(name, percentiles, _ranked(before.get(name, {})))
    standardized = {
        name: {ticker: row.score for ticker, row in rows.items() if row.score is not None}
        for name, rows in scores.items()
    }
    for one, other in combinations(sorted(standardized), 2):
        both = sorted(standardized[one].keys() & standardized[other])
        if both:
            pair = [[standardized[name][ticker] for ticker in both] for name in (one, other)]
            found["factor_correlations", one, other] = (float(len(both)), _correlation(*pair))
    return found | {("factor_coverage", name): (float(stocks), float(len(scores.get(name, ())))) for name in names}


def _ranked(rows: Mapping[str, Score]) -> dict[str, float]:
    return {ticker: row.percentile for ticker, row in rows.items() if row.percentile is not None}


def _quintile(percentile: float) -> int:
    return min(BEST, 1 + math.floor(percentile / 20))


def _forward(
    name: str,
    horizon: int,
    percentiles: Mapping[str, float],
    prices: Mapping[str, Prices],
    start: date,
    end: date,
    fewest: int,
) -> dict[Key, Values]:
    returns: dict[str, float] = {}
    for ticker in percentiles:
        first, last = prices[ticker].at(start), prices[ticker].at(end)
        if first is not None and last is not None:
            returns[ticker] = last / first - 1
    order = sorted(returns)
    ranks = [_ranks([values[ticker] for ticker in order]) for values in (percentiles, returns)]
    ic = _correlation(*ranks) if len(order) >= fewest else None
    found: dict[Key, Values] = {
        ("factor_ic", name, horizon): (float(len(order)), float(len(percentiles) - len(order)), ic)
    }
    for quintile in {_quintile(value) for value in percentiles.values()}:
        inside = [value for ticker, value in returns.items() if _quintile(percentiles[ticker]) == quintile]
        mean = float(np.mean(inside)) if inside else None
        found["factor_quintiles", name, horizon, quintile] = (float(len(inside)), mean)
    return found


def _turnover(name: str, now: Mapping[str, float], before: Mapping[str, float]) -> dict[Key, Values]:
    both = sorted(now.keys() & before)
    if not both:
        return {}
    best = [ticker for ticker, value in now.items() if _quintile(value) == BEST]
    fresh = [ticker for ticker in best if ticker not in before or _quintile(before[ticker]) != BEST]
    alike = _correlation(*(_ranks([values[ticker] for ticker in both]) for values in (now, before)))
    return {("factor_turnover", name): (float(len(both)), len(fresh) / len(best) if best else None, alike)}


def _ranks(values: Sequence[float]) -> list[float]:
    """Places in rising order; ties share their mean."""
    ordered = np.sort(values)
    return list(np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right"))


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Pearson's; None where one of them is constant."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def unlike(wanted: Mapping[Key, Values], found: Mapping[Key, Values]) -> list[tuple[Key, Values | None, Values | None]]:
    """Keys whose values are not the same but for rounding, with both."""
    keys = sorted(wanted.keys() | found.keys(), key=str)
    return [(key, wanted.get(key), found.get(key)) for key in keys if not _same(wanted.get(key), found.get(key))]


def _same(wanted: Values | None, found: Values | None) -> bool:
    if wanted is None or found is None:
        return wanted is found
    return all(
        left is right if left is None or right is None else math.isclose(left, right, rel_tol=NEAR, abs_tol=NEAR)
        for left, right in zip(wanted, found, strict=True)
    )
