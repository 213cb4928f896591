"""What compression saves, by hypertable and by chunk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from expectations.report.facts import Hypertable, Packed
from expectations.report.pictures.svg import WIDTH, element, line, linear, picture, powers, room, shortened, text
from expectations.report.wording import percent, size

STEP = 26
TOP = 26
CHUNKS_HIGH = 190


def compression(tables: Sequence[Hypertable]) -> Markup:
    """A line a hypertable: a stroke for its compressed chunks before, a dot for them now, on a scale of ten."""
    packed = [(one.name, one.packed) for one in tables if one.packed]
    left = room([name for name, _ in packed], 200)
    scale = _scale([one for _, one in packed])
    place = linear(scale[0], scale[-1], left + 8, WIDTH - 220)
    height = TOP + STEP * len(packed) + 4
    drawn = []
    for power in scale:
        x = place(power)
        drawn += [line(x, 18, x, height, "grid"), text(x, 12, size(10**power), "middle", "soft")]
    for order, (name, one) in enumerate(packed):
        y = TOP + STEP * order + STEP / 2
        before, after = place(_power(one.before)), place(_power(one.after))
        told = f"{size(one.before)} → {size(one.after)}: {percent(one.saved)} saved"
        drawn += [
            text(left - 8, y + 4, shortened(name, left - 8), "end"),
            line(after, y, before, y, "stem blue"),
            line(before, y - 8, before, y + 8, "limit"),
            element("circle", cx=after, cy=y, r=5.0, kind="dot blue"),
            text(WIDTH, y + 4, told, "end"),
        ]
    return picture(height, "Size of the compressed chunks before and after compression", *drawn)


def chunks(table: Hypertable) -> Markup:
    """A stem a chunk along the years, from a stroke for its size before to a dot for its size now."""
    history, left, right, bottom = table.history, 70.0, WIDTH - 8, CHUNKS_HIGH - 26.0
    days = linear(history[0].first.toordinal(), history[-1].end.toordinal(), left, right)
    scale = _scale([chunk.packed for chunk in history])
    place = linear(scale[0], scale[-1], bottom, 14)
    drawn = []
    for power in scale:
        y = place(power)
        drawn += [line(left, y, right, y, "grid"), text(left - 8, y + 4, size(10**power), "end", "soft")]
    for chunk in history:
        x = (days(chunk.first.toordinal()) + days(chunk.end.toordinal())) / 2
        before, after = place(_power(chunk.packed.before)), place(_power(chunk.packed.after))
        drawn += [
            line(x, before, x, after, "stem blue"),
            line(x - 9, before, x + 9, before, "limit"),
            element("circle", cx=x, cy=after, r=5.0, kind="dot blue"),
        ]
    drawn += _days(table, [days(chunk.first.toordinal()) for chunk in history], right, bottom + 18)
    return picture(CHUNKS_HIGH, f"Size of each compressed chunk of {table.name} before and after compression", *drawn)


def _scale(packed: Sequence[Packed]) -> range:
    sizes = [max(value, 1) for one in packed for value in (one.before, one.after)]
    return powers(min(sizes), max(sizes))


def _power(value: int) -> float:
    return math.log10(max(value, 1))


def _days(table: Hypertable, starts: Sequence[float], right: float, y: float) -> list[str]:
    """The first day of each chunk, as far as they do not run into each other."""
    gap = min((there - here for here, there in pairwise([*starts, right])), default=right)
    every = max(1, -(-60 // max(1, int(gap))))
    return [
        text(x, y, chunk.first.strftime("%Y-%m"), "start", "soft")
        for order, (x, chunk) in enumerate(zip(starts, table.history, strict=True))
        if order % every == 0
    ]
