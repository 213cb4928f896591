"""What the evaluation of the factors found, by region, for the report's page of factors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from expectations.factors import reading

Rows = Callable[..., list[tuple[Any, ...]]]
SUMMARY = "factors.factor_summary"
HORIZON = 1  # months, of what is shown by month or quintile
WORTH = f"""
    select
        region, factor_name, horizon, months, mean_ic, deviation, t, share_positive, mean_spread, mean_turnover,
        mean_autocorrelation
    from {SUMMARY} order by horizon
"""
COEFFICIENTS = f"""
    select region, factor_name, month, ic from factors.factor_ic
    where horizon = {HORIZON} and ic is not null order by month
"""
QUINTILES = f"""
    select region, factor_name, quintile, avg(mean_return) from factors.factor_quintiles
    where horizon = {HORIZON} and mean_return is not null group by 1, 2, 3 order by 3
"""
CORRELATIONS = """
    select region, factor_name, other_factor, avg(coefficient) from factors.factor_correlations
    where coefficient is not null group by 1, 2, 3
"""
COVERAGE = """
    select region, factor_name, month, covered::float8 / nullif(stocks, 0), stocks from factors.factor_coverage
    where stocks > 0 order by month
"""
WITHOUT_PRICE = f"""
    select region, sum(without_forward_price)::bigint, sum(stocks + without_forward_price)::bigint
    from factors.factor_ic where horizon = {HORIZON} group by 1
"""


@dataclass(frozen=True)
class Worth:
    """What a factor was worth over all months, for returns over a horizon of months; None where too little is there."""

    horizon: int
    months: int
    mean: float | None
    deviation: float | None
    t: float | None
    positive: float | None
    spread: float | None
    turnover: float | None
    autocorrelation: float | None


@dataclass(frozen=True)
class Factor:
    """A factor in a region: by horizon, by month (coefficients and coverage) and by quintile, worst first."""

    name: str
    worth: tuple[Worth, ...]
    coefficients: tuple[tuple[date, float], ...]
    quintiles: tuple[tuple[int, float], ...]
    coverage: tuple[tuple[date, float], ...]

    @property
    def month(self) -> Worth | None:
        """What it was worth for returns over a month."""
        return next((one for one in self.worth if one.horizon == HORIZON), None)


@dataclass(frozen=True)
class Market:
    """A region: its factors, combinations before what they are made of, and how alike two of them are.

    Attributes:
        stocks: of the universe, on the last day of the last month.
        without_price: scores, over all factors and months, of stocks without a price a month later; `scores` are all.
    """

    region: str
    stocks: int
    factors: tuple[Factor, ...]
    correlations: tuple[tuple[str, str, float], ...]
    without_price: int
    scores: int


def gather(rows: Rows) -> Iterator[Market]:
    """The regions, the one with most stocks first."""
    worth = _grouped(rows(WORTH))
    coefficients, quintiles = _grouped(rows(COEFFICIENTS)), _grouped(rows(QUINTILES))
    covered = _grouped(rows(COVERAGE))
    without = {region: (missing, scores) for region, missing, scores in rows(WITHOUT_PRICE)}
    correlations = rows(CORRELATIONS)
    stocks = {region: found[-1][2] for (region, _), found in covered.items()}
    for region in sorted(stocks, key=lambda one: (-stocks[one], one)):
        factors = tuple(
            Factor(
                name,
                tuple(Worth(*one) for one in worth.get((region, name), ())),
                tuple(coefficients.get((region, name), ())),
                tuple(quintiles.get((region, name), ())),
                tuple((month, share) for month, share, _ in covered.get((region, name), ())),
            )
            for name in ordered_names()
        )
        pairs = tuple((one, other, value) for where, one, other, value in correlations if where == region)
        yield Market(region, stocks[region], factors, pairs, *without.get(region, (0, 0)))


def ordered_names() -> list[str]:
    """The project's factors: combinations of combinations first, and each before its members."""
    weights = reading.settings().weights
    inner = {member for members in weights.values() for member in members}
    names: list[str] = []

    def add(name: str) -> None:
        if name not in names:
            names.append(name)
        for member in weights.get(name, ()):
            add(member)

    for name in [one for one in weights if one not in inner] + list(weights):
        add(name)
    return names + [name for name in reading.settings().names if name not in names]


def _grouped(rows: list[tuple[Any, ...]]) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    """By region and factor."""
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for region, name, *values in rows:
        found.setdefault((region, name), []).append(tuple(values))
    return found
