"""How the report writes numbers, sizes, times and names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from quant.text import counted

NOTHING = "–"


def number(value: int | None) -> str:
    """A count with thousands separators; a dash where there is nothing to count."""
    return NOTHING if value is None else f"{value:,}"


def size(value: int) -> str:
    """Bytes in the largest unit of a thousand that keeps a digit before the point."""
    shown = float(value)
    for unit in ("bytes", "kB", "MB", "GB"):
        if shown < 1000 or unit == "GB":
            return f"{value:,} bytes" if unit == "bytes" else f"{shown:,.1f} {unit}"
        shown /= 1000
    raise AssertionError


def percent(share: float) -> str:
    """A share of 1 in hundredths, with as many digits as show a small one."""
    return f"{100 * share:.1f} %" if share == 0 or share >= 0.001 else f"{100 * share:.2g} %"


def milliseconds(value: float) -> str:
    """Milliseconds without their unit, to a tenth where that tells something."""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Seconds, or minutes and seconds."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def day(value: date | None) -> str:
    """A date, or a dash."""
    return NOTHING if value is None else value.isoformat()


def moment(value: datetime | None) -> str:
    """To the minute, in UTC as all times of the report are."""
    return NOTHING if value is None else value.strftime("%Y-%m-%d %H:%M")


def every(interval: str) -> str:
    """An interval as PostgreSQL writes it, its whole hours in words."""
    hours, _, rest = interval.partition(":")
    return counted(int(hours), "hour") if rest == "00:00" and hours.isdigit() else interval


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
