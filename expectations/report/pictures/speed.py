"""Query times against their budgets."""

from __future__ import annotations

from collections.abc import Sequence

from expectations.report.facts import QueryTime
from expectations.report.pictures.svg import WIDTH, bar, element, line, linear, picture, room, shortened, text
from expectations.report.wording import milliseconds

STEP = 24
TOP = 26
MOST = 1.25  # budgets; what takes longer is drawn to here, with a point


def speed(times: Sequence[QueryTime]) -> str:
    """A bar a query, as a share of its budget; one that is beyond it crosses the line in another colour."""
    left = room([one.meaning for one in times], 330)
    right = WIDTH - 118
    place = linear(0, MOST, left, right)
    height = TOP + STEP * len(times) + 4
    drawn = []
    for share in (0.0, 0.25, 0.5, 0.75):
        x = place(share)
        drawn += [line(x, 20, x, height, "grid"), text(x, 14, f"{share:.0%}".replace("%", " %"), "middle", "soft")]
    for order, one in enumerate(times):
        y = TOP + STEP * order
        drawn.append(text(left - 8, y + 14, shortened(one.meaning, left - 8), "end"))
        if one.p95 is None:
            drawn.append(text(WIDTH, y + 14, "no rows yet", "end", "soft on"))
            continue
        share = one.p95 / one.budget
        drawn.append(bar(left, y + 3, place(min(share, MOST)) - left, 14, "fill" if share <= 1 else "bad"))
        if share > MOST:
            drawn.append(element("path", d=f"M{right:.1f} {y + 3} l8 7 l-8 7 z", kind="bad"))
        drawn.append(text(WIDTH, y + 14, f"{milliseconds(one.p95)} of {one.budget:g} ms", "end"))
    drawn += [line(place(1), 20, place(1), height, "limit"), text(place(1), 14, "budget", "middle", "strong")]
    return picture(height, "Query times as a share of their budgets", *drawn)
