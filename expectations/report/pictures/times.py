"""Query times against their budgets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from expectations.report.facts import Pulse, QueryTime
from expectations.report.pictures.svg import WIDTH, element, line, linear, picture, powers, room, shortened, text
from expectations.report.wording import milliseconds

STEP = 26
TOP = 40
LEAST = 0.01  # ms


def times(measured: Sequence[QueryTime], pulse: Pulse | None) -> Markup:
    """A line a query: a dot for its time, a stroke for its budget, and the time of `select 1` across all of them."""
    left = room([one.meaning for one in measured], 330)
    values = [one.budget for one in measured] + [max(one.p95, LEAST) for one in measured if one.p95]
    scale = powers(min(values + ([max(pulse.p95, LEAST)] if pulse else [])), max(values))
    place = linear(scale[0], scale[-1], left + 6, WIDTH - 112)
    height = TOP + STEP * len(measured) + 4
    drawn = []
    for power in scale:
        x = place(power)
        words = f"{10.0**power:,g} ms"
        drawn += [line(x, TOP - 6, x, height, "grid"), text(x, TOP - 12, words, "middle", "soft")]
    if pulse:
        x = place(math.log10(max(pulse.p95, LEAST)))
        drawn += [line(x, 16, x, height, "dashed"), text(x, 11, "select 1", "middle", "soft")]
    for order, one in enumerate(measured):
        y = TOP + STEP * order + STEP / 2
        drawn.append(text(left - 8, y + 4, shortened(one.meaning, left - 8), "end"))
        budget = place(math.log10(one.budget))
        drawn.append(line(budget, y - 8, budget, y + 8, "limit"))
        if one.p95 is None:
            drawn.append(text(WIDTH, y + 4, "no rows yet", "end", "soft on"))
            continue
        x = place(math.log10(max(one.p95, LEAST)))
        kind = "red" if one.beyond else "blue"
        drawn += [
            line(min(x, budget), y, max(x, budget), y, f"stem {kind}"),
            element("circle", cx=x, cy=y, r=5.0, kind=f"dot {kind}"),
            text(WIDTH, y + 4, f"{milliseconds(one.p95)} of {one.budget:g} ms", "end", "strong" if one.beyond else ""),
        ]
    return picture(height, "Query times and their budgets", *drawn)
