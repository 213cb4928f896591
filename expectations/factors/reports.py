"""Which report of a security gives each input on a day."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from expectations.factors.calendar import months_after, period_end

Report = Mapping[str, object]


@dataclass(frozen=True)
class Given:
    """The value of an input and, of a snapshot, the price that it was worked out with."""

    value: float
    price: float


def number(report: Report, name: str) -> float | None:
    """A value that was found: the collectors write 0 where they found none; what is not finite is none."""
    value = report[name]
    if value is None or value == 0 or not math.isfinite(float(value)):  # type: ignore[arg-type]
        return None
    return float(value)  # type: ignore[arg-type]


def _earnings(report: Report) -> float | None:
    per = number(report, "per")
    return None if per is None else 1 / per


def _book(report: Report) -> float | None:
    pbr = number(report, "pbr")
    return None if pbr is None or pbr < 0 else 1 / pbr


def _dividend(report: Report) -> float | None:
    paid, close, percent = report["dividend_per_share"], report["close_price"], report["dividend_yield"]
    if paid is not None and close:
        found = float(paid) / float(close)  # type: ignore[arg-type]
    elif percent is not None:
        found = float(percent) / 100  # type: ignore[arg-type]
    else:
        return None
    if found == 0:
        return 0.0 if report["per"] or report["pbr"] else None
    return found if 0 < found <= 1 else None


def _cap(report: Report) -> float | None:
    cap = number(report, "market_cap")
    if cap is None and report["shares_outstanding"] is not None and report["close_price"] is not None:
        cap = float(report["shares_outstanding"]) * float(report["close_price"])  # type: ignore[arg-type]
    return cap if cap and cap > 0 else None


def _net_income(report: Report) -> float | None:
    return number(report, "net_income") if report["period_type"] == "ANNUAL" else None


def _equity(report: Report) -> float | None:
    equity = number(report, "total_equity")
    return equity if equity and equity > 0 else None


def _roe(report: Report) -> float | None:
    income, equity = _net_income(report), _equity(report)
    return income / equity if income is not None and equity else None


def _debt(report: Report) -> float | None:
    debt, equity = number(report, "total_liabilities"), _equity(report)
    return debt / equity if debt and debt > 0 and equity else None


SNAPSHOTS: Mapping[str, Callable[[Report], float | None]] = {
    "earnings_yield": _earnings,
    "book_yield": _book,
    "dividend_yield": _dividend,
    "cap": _cap,
}
STATEMENTS: Mapping[str, Callable[[Report], float | None]] = {
    "net_income": _net_income,
    "total_equity": _equity,
    "roe": _roe,
    "debt_to_equity": _debt,
}


def inputs_on(
    day: date, reports: Iterable[Report], price_at: Callable[[date], float | None], lag: int, age: int
) -> dict[str, Given]:
    """The inputs of one security on a day.

    Args:
        day: the day of the score.
        reports: rows of ticker_fundamentals of the security.
        price_at: the close of its last price up to a day and at most two weeks before it.
        lag: months after which a statement counts as announced.
        age: months after which nothing is used any more.
    """
    found: dict[str, tuple[tuple[object, ...], Given]] = {}

    def offer(name: str, rank: tuple[object, ...], given: Given) -> None:
        if name not in found or rank > found[name][0]:
            found[name] = (rank, given)

    for report in reports:
        dated = report["date"]
        assert isinstance(dated, date)
        daily = report["period_type"] == "DAILY"
        ended = None if daily else period_end(dated, report["data_source"])  # type: ignore[arg-type]
        available = dated if ended is None else max(dated, months_after(ended, lag))
        if day < available:
            continue
        price = price_at(dated)
        if price is not None and day < months_after(dated, age):
            for name, read in SNAPSHOTS.items():
                if (value := read(report)) is not None:
                    offer(name, (dated, report["id"]), Given(value, price))
        if ended is not None and day < months_after(ended, age):
            for name, read in STATEMENTS.items():
                if (value := read(report)) is not None:
                    offer(name, (ended, available, report["id"]), Given(value, math.nan))
    return {name: given for name, (_, given) in found.items()}
