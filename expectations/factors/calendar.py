"""Days and months as PostgreSQL counts them."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, date, timedelta

LATEST_PRICE = timedelta(days=14)  # an anchor's price may be this old
DART = re.compile(r"DART-([0-9]{4})-(11011|11012|11013|11014)$")
PERIOD_ENDS = {"11011": (12, 31), "11012": (6, 30), "11013": (3, 31), "11014": (9, 30)}


def months_after(day: date, months: int) -> date:
    """The same day of another month, or that month's last; where Python's calendar ends, its end."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return date.max if months > 0 else date.min
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def period_end(day: date, source: str | None) -> date:
    """When the period of a statement ended: DART names it, elsewhere it is the report's own date."""
    named = DART.match(source or "")
    if not named:
        return day
    return date(int(named[1]), *PERIOD_ENDS[named[2]])


def trading_days(stocks: Mapping[date, int]) -> list[date]:
    """Of the days with so many stocks each, those with at least half as many as the fullest of the month."""
    fullest: dict[tuple[int, int], int] = {}
    for day, count in stocks.items():
        month = (day.year, day.month)
        fullest[month] = max(count, fullest.get(month, 0))
    return sorted(day for day, count in stocks.items() if 2 * count >= fullest[day.year, day.month])


def score_days(trading: list[date], daily: int) -> set[date]:
    """The days that are scored: the last ones, and before them the last of each month."""
    month_ends = {(day.year, day.month): day for day in trading}
    return set(month_ends.values()) | {day for day in trading if day > trading[-1] - timedelta(days=daily)}
