"""Regions, timeframes and days, as the platform's programs write them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from quant.errors import InvalidValue, UnknownRegion

REGIONS = ("KR", "US", "JP", "HK", "CN", "VN")
CURRENCIES = {"KR": "KRW", "US": "USD", "JP": "JPY", "HK": "HKD", "CN": "CNY", "VN": "VND"}
TIMEFRAMES = {"D": "1d", "W": "1w", "M": "1m"}

# The rules of macros/canonical/region_by_ticker_shape.sql, in its order; a test holds the two together.
SHAPES = tuple(
    (re.compile(shape, re.ASCII), region)
    for shape, region in (
        (r"[0-9A-Z]{1,6}\.(KS|KQ)", "KR"),
        (r"[0-9]{1,5}\.HK", "HK"),
        (r"[0-9]{1,6}\.(SS|SZ|SH)", "CN"),
        (r"[0-9][0-9A-Z]{3}\.T", "JP"),
        (r"[0-9A-Z]{3}\.(VN|HM|HN)", "VN"),
        (r"[0-9]{4}[0-9A-Z]{2}", "KR"),
        (r"[0-9][0-9A-Z][0-9][0-9A-Z]", "JP"),
        (r"[A-Z]{1,5}([./-][A-Z]{1,4})?", "US"),
    )
)


def region_by_shape(ticker: str) -> str | None:
    """The region whose tickers look like this one."""
    return next((region for shape, region in SHAPES if shape.fullmatch(ticker)), None)


def known_region(region: object) -> str:
    """One of the six regions, in capitals.

    Raises:
        UnknownRegion: for anything else.
    """
    found = region.strip().upper() if isinstance(region, str) else None
    if found not in REGIONS:
        raise UnknownRegion(f"There is no region {region!r}: choose one of {', '.join(REGIONS)}.")
    return found


def resolved_region(ticker: str, listed: Sequence[str]) -> str:
    """The region of a ticker for which none was given: the only one that lists it, else what its shape says.

    Args:
        ticker: the code.
        listed: the regions in which `tickers` has it.

    Raises:
        UnknownRegion: when several list it, or none does and the shape says nothing.
    """
    if len(listed) == 1:
        return listed[0]
    if listed:
        raise UnknownRegion(f"The ticker {ticker!r} is listed in {' and '.join(sorted(listed))}: say which region.")
    found = region_by_shape(ticker)
    if found is None:
        raise UnknownRegion(f"The ticker {ticker!r} is in no region and has the shape of none: say which region.")
    return found


def canonical_timeframe(timeframe: str) -> str:
    """D, W, M as the database spells them: 1d, 1w, 1m."""
    return TIMEFRAMES.get(timeframe, timeframe)


def as_date(value: Any, what: str = "The date") -> date:
    """A day, from a date, a datetime or Timestamp (its day in its own zone), or text.

    Text is YYYY-MM-DD, YYYY/MM/DD or YYYYMMDD, perhaps with a time after it.

    Raises:
        InvalidValue: for anything else.
    """
    if isinstance(value, datetime):
        if not math.isnan(value.year):  # NaT
            return value.date()
    elif isinstance(value, date):
        return value
    elif isinstance(value, str) and re.match(r"\d{4}([-/]?)\d\d\1\d\d($|[T ]\d\d)", value, re.ASCII):
        digits = re.sub("[-/]", "", value)[:8]
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            pass
    elif hasattr(value, "astype") and hasattr(value, "dtype") and value.dtype.kind == "M":
        return as_date(value.astype("datetime64[us]").item(), what)
    raise InvalidValue(f"{what} is {value!r}, which is no date: give one such as 2024-01-31.")


def as_limit(value: Any) -> int | None:
    """How many rows at most; None is all.

    Raises:
        InvalidValue: for what is no whole number, or below zero.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 0:
        raise InvalidValue(f"The limit is {value!r}: give a whole number of rows, or None for all.")
    return int(value)
