"""Raw values of a region's securities on one day, and their scores."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from expectations.factors.calendar import LATEST_PRICE, months_after
from expectations.factors.reports import Given, Report, inputs_on

RETURNS = 60  # in a volatility
OLDEST_OF_THEM = timedelta(days=120)
PRICES_OF_A_YEAR = 120  # at least, for a momentum
TRADING_DAYS = 252
CUT = 3.0
FACTORS = (
    *("earnings_to_price", "book_to_price", "dividend_yield", "roe", "debt_to_equity", "market_cap"),
    *("momentum_12m", "volatility_60d", "rsi_14"),
)
NEAR = 1e-9


@dataclass(frozen=True)
class Settings:
    """The vars of dbt_project.yml that decide what a score is, and the two seeds.

    Attributes:
        directions: 1 or -1 by factor.
        weights: by combination, then member; combinations of combinations come after their members.
    """

    directions: Mapping[str, int]
    weights: Mapping[str, Mapping[str, int]]
    report_lag: int
    max_age: int
    min_names: int
    min_cover: int
    min_evaluated: int
    winsor: float
    daily_days: int

    @property
    def names(self) -> tuple[str, ...]:
        """The project's own names in factor_scores."""
        return (*self.directions, *self.weights)

    @property
    def known(self) -> tuple[str, ...]:
        """Those of them that this program works out: a factor can be added to the models alone."""
        known = [name for name in self.directions if name in FACTORS]
        for name, members in self.weights.items():
            if all(member in known for member in members):
                known.append(name)
        return tuple(known)


@dataclass(frozen=True)
class Prices:
    """Days of a security in rising order, with their closes and RSIs."""

    days: Sequence[date]
    closes: Sequence[float]
    rsi: Sequence[float | None]

    def at(self, day: date) -> float | None:
        """The close of the last price up to that day and at most two weeks before."""
        place = bisect_right(self.days, day) - 1
        return self.closes[place] if place >= 0 and self.days[place] >= day - LATEST_PRICE else None


@dataclass(frozen=True)
class Score:
    """A row of factor_scores."""

    raw_value: float
    zscore: float | None = None
    score: float | None = None
    percentile: float | None = None


def raw_values(
    day: date, prices: Mapping[str, Prices], reports: Mapping[str, Sequence[Report]], settings: Settings
) -> dict[str, dict[str, float]]:
    """The raw values by factor and ticker of all that traded on that day."""
    found: dict[str, dict[str, float]] = {}
    for ticker, traded in prices.items():
        place = bisect_left(traded.days, day)
        if place == len(traded.days) or traded.days[place] != day:
            continue
        given = inputs_on(day, reports.get(ticker, ()), traded.at, settings.report_lag, settings.max_age)
        for name, value in (_of_reports(given, traded.closes[place]) | _of_prices(day, place, traded)).items():
            if value is not None:
                found.setdefault(name, {})[ticker] = value
    return found


def _of_reports(given: Mapping[str, Given], close: float) -> dict[str, float | None]:
    def carried(name: str) -> float | None:
        return given[name].value * given[name].price / close if name in given else None

    def value(name: str) -> float | None:
        return given[name].value if name in given else None

    cap = given["cap"].value * close / given["cap"].price if "cap" in given else None
    earnings, book = carried("earnings_yield"), carried("book_yield")
    if earnings is None and cap and "net_income" in given:
        earnings = given["net_income"].value / cap
    if book is None and cap and "total_equity" in given:
        book = given["total_equity"].value / cap
    return {
        "earnings_to_price": earnings,
        "book_to_price": book,
        "dividend_yield": carried("dividend_yield"),
        "roe": value("roe"),
        "debt_to_equity": value("debt_to_equity"),
        "market_cap": math.log(cap) if cap else None,
    }


def _of_prices(day: date, place: int, traded: Prices) -> dict[str, float | None]:
    year = place + 1 - bisect_left(traded.days, months_after(day, -12))
    first, last = traded.at(months_after(day, -12)), traded.at(months_after(day, -1))
    momentum = last / first - 1 if year >= PRICES_OF_A_YEAR and first and last else None
    volatility = None
    if place >= RETURNS and traded.days[place - RETURNS] >= day - OLDEST_OF_THEM:
        closes = np.array(traded.closes[place - RETURNS : place + 1])
        returns = closes[1:] / closes[:-1] - 1
        if returns.any():
            volatility = float(returns.std(ddof=1)) * math.sqrt(TRADING_DAYS)
    rsi = traded.rsi[place]
    in_range = rsi is not None and 0 <= rsi <= 100
    return {"momentum_12m": momentum, "volatility_60d": volatility, "rsi_14": rsi if in_range else None}


def scored(raw: Mapping[str, float], direction: int, settings: Settings) -> dict[str, Score]:
    """The scores of one factor, region and day by ticker."""
    if len(raw) < settings.min_names:
        return {ticker: Score(value) for ticker, value in raw.items()}
    values = np.array(list(raw.values()))
    cut = np.clip(values, *np.quantile(values, [settings.winsor, 1 - settings.winsor]))
    directed = np.sort(direction * values)
    ranks = (
        np.searchsorted(directed, direction * values, "left")
        + np.searchsorted(directed, direction * values, "right")
        + 1
    ) / 2
    percentiles = 100 * (ranks - 1) / (len(values) - 1)
    varied = cut.min() < cut.max()
    scores = (cut - cut.mean()) / cut.std(ddof=1) if varied else cut
    found = {}
    for ticker, value, z, percentile in zip(raw, values.tolist(), scores.tolist(), percentiles.tolist(), strict=True):
        score = max(-CUT, min(CUT, direction * z))
        found[ticker] = Score(value, z, score, percentile) if varied else Score(value, percentile=percentile)
    return found


def scores_of(
    day: date, prices: Mapping[str, Prices], reports: Mapping[str, Sequence[Report]], settings: Settings
) -> dict[tuple[str, str], Score]:
    """All rows of a region and day, by ticker and factor, combinations among them."""
    raw = raw_values(day, prices, reports, settings)
    found = {
        name: scored(raw[name], settings.directions[name], settings) for name in settings.directions if name in raw
    }
    for combination, weights in settings.weights.items():
        if combination not in settings.known:
            continue
        total = sum(weights.values())
        tickers = {ticker for member in weights for ticker in found.get(member, ())}
        combined = {}
        for ticker in tickers:
            members = {m: found[m][ticker].score for m in weights if ticker in found.get(m, ())}
            there = {m: score for m, score in members.items() if score is not None}
            if there and 100 * sum(weights[m] for m in there) >= settings.min_cover * total:
                combined[ticker] = sum(weights[m] * score for m, score in there.items()) / total
        found[combination] = scored(combined, 1, settings)
    return {(ticker, name): score for name, rows in found.items() for ticker, score in rows.items()}


def differences(
    wanted: Mapping[tuple[str, str], Score], found: Mapping[tuple[str, str], Score]
) -> list[tuple[str, str, Score | None, Score | None]]:
    """Ticker, factor, wanted and found row where they are not the same but for rounding."""
    keys = sorted(wanted.keys() | found.keys())
    pairs = ((*key, wanted.get(key), found.get(key)) for key in keys)
    return [one for one in pairs if not _same(one[2], one[3])]


def _same(wanted: Score | None, found: Score | None) -> bool:
    if wanted is None or found is None:
        return wanted is found
    return all(
        left is right if left is None or right is None else math.isclose(left, right, rel_tol=NEAR, abs_tol=NEAR)
        for left, right in zip(vars(wanted).values(), vars(found).values(), strict=True)
    )
