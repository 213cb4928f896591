"""How far the aggregates reach, against the newest row below them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from expectations.report.facts import Lag
from expectations.report.pictures.svg import WIDTH, Scale, bar, element, line, linear, picture, room, text
from expectations.report.wording import day

STEP = 40
TOP = 44


def lag(lags: Sequence[Lag]) -> str:
    """Each aggregate's newest bucket on a line of time, with the newest daily row across all of them."""
    seen = [one for one in lags if one.newest and one.end and one.base]
    base = max(one.base for one in seen if one.base)
    first = _moved(min([base, *(one.newest for one in seen if one.newest)]), -45)
    last = _moved(max([base, *(one.end for one in seen if one.end)]), 20)
    left = room([one.name for one in lags], 200)
    place = linear(first.toordinal(), last.toordinal(), left, WIDTH - 10)
    bottom = TOP + STEP * len(lags)
    drawn = []
    for month in _months(first, last):
        x = place(month.toordinal())
        drawn += [line(x, TOP - 8, x, bottom, "grid"), text(x, bottom + 16, f"{month:%Y-%m}", "middle", "soft")]
    for order, one in enumerate(lags):
        drawn += _aggregate(one, place(first.toordinal()), place, TOP + STEP * order, left)
    x = place(base.toordinal())
    side, shift = ("end", -6) if x > WIDTH * 0.6 else ("start", 6)
    drawn += [line(x, 18, x, bottom, "limit"), text(x + shift, 24, f"newest daily row {day(base)}", side, "strong")]
    return picture(bottom + 24, "The newest bucket of each aggregate and the newest daily row", *drawn)


def _aggregate(one: Lag, edge: float, place: Scale, y: float, left: float) -> list[str]:
    label = text(left - 8, y + 19, one.name, "end")
    if one.newest is None or one.end is None:
        return [label, text(edge + 6, y + 19, "no buckets yet", kind="soft on")]
    start, end = place(one.newest.toordinal()), place(one.end.toordinal())
    drawn = [
        label,
        bar(edge, y + 8, start - edge, 16, "pale"),
        bar(start, y + 8, end - start, 16, "fill" if one.current else "bad"),
    ]
    if one.materialized:
        mark = min(max(place(one.materialized.toordinal()), edge), WIDTH - 10)
        drawn.append(element("path", d=f"M{mark:.1f} {y + 24:.1f} l-5 9 l10 0 z", kind="mark"))
    return drawn


def _moved(start: date, days: int) -> date:
    """A day some days away, or the last one of the calendar on the way there."""
    return date.fromordinal(min(max(start.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def _months(first: date, last: date) -> list[date]:
    """First days of months between two days, a dozen at most."""
    months = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first < date(year, month, 1) < last
    ]
    every = next(n for n in (1, 2, 3, 6, *range(12, len(months) + 24, 12)) if len(months) / n <= 10)
    return [month for month in months if (month.year * 12 + month.month - 1) % every == 0]
