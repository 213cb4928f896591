"""How many rows each table has on both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence

from expectations.report.pictures.svg import WIDTH, bar, element, line, linear, picture, room, shortened, text
from expectations.report.wording import number
from expectations.verdict import TableLine

STEP = 19
TOP = 26


def rows(lines: Sequence[TableLine]) -> str:
    """A ring for the source, a dot for the target, on a logarithmic axis; tables without rows stand at its left."""
    shown = sorted(lines, key=lambda one: (-one.source, one.table))
    left = room([one.table for one in shown], 230)
    powers = max(1, math.ceil(math.log10(max([10, *(max(one.source, _there(one) or 0) for one in shown)]))))
    nothing, first, right = left + 14, left + 40, WIDTH - 112
    place = linear(0, powers, first, right)
    height = TOP + STEP * len(shown) + 8

    def at(value: int) -> float:
        return place(math.log10(value)) if value > 0 else nothing

    drawn = [text(nothing, 14, "0", "middle", "soft"), line(nothing, 20, nothing, height - 4, "grid")]
    for power in range(powers + 1):
        x = place(power)
        drawn += [line(x, 20, x, height - 4, "grid"), text(x, 14, number(10**power), "middle", "soft")]
    drawn.append(text(WIDTH, 14, "source rows", "end", "soft"))
    for order, one in enumerate(shown):
        y = TOP + STEP * order + STEP / 2
        drawn.append(text(left - 6, y + 4, shortened(one.table, left - 6), "end"))
        drawn.append(bar(nothing, y - 0.5, at(one.source) - nothing, 1, "stem"))
        drawn.append(element("circle", cx=at(one.source), cy=y, r=5.5, kind="ring"))
        there = _there(one)
        if there is not None:
            kind = "dot" if one.public is not None else "dot raw"
            drawn.append(element("circle", cx=at(there), cy=y, r=3, kind=kind))
        drawn.append(text(WIDTH, y + 4, number(one.source), "end"))
    return picture(height, "Rows by table in the source and in the target", *drawn)


def _there(one: TableLine) -> int | None:
    return one.raw if one.public is None else one.public
