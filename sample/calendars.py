"""Trading days of the six markets: weekdays without the fixed public holidays."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]

# (month, day) of closures with a fixed date; the moving ones (lunar new year, Easter) are left as trading
# days.
_CLOSED: dict[str, tuple[tuple[int, int], ...]] = {
    "KR": ((1, 1), (3, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25), (12, 31)),
    "US": ((1, 1), (6, 19), (7, 4), (12, 25)),
    "JP": ((1, 1), (1, 2), (1, 3), (2, 11), (4, 29), (5, 3), (5, 4), (5, 5), (11, 3), (11, 23), (12, 31)),
    "HK": ((1, 1), (5, 1), (7, 1), (10, 1), (12, 25), (12, 26)),
    "CN": ((1, 1), (5, 1), (5, 2), (5, 3), (10, 1), (10, 2), (10, 3), (10, 4), (10, 5), (10, 6), (10, 7)),
    "VN": ((1, 1), (4, 30), (5, 1), (9, 2)),
}


def trading_days(region: str, end: date, years: int = 10) -> Days:
    """All trading days of a market in the years up to and including `end`, ascending."""
    first = np.datetime64(f"{end.year - years:04d}-{end.month:02d}-{min(end.day, 28):02d}", "D")
    holidays = [
        date(year, month, day) for year in range(end.year - years, end.year + 1) for month, day in _CLOSED[region]
    ]
    calendar = np.busdaycalendar(holidays=holidays)
    span = np.arange(first, np.datetime64(end, "D") + 1)
    days: Days = span[np.is_busday(span, busdaycal=calendar)]
    return days
