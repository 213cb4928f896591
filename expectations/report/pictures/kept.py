"""What is kept apart, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from expectations.report.facts import Held
from expectations.report.pictures.svg import WIDTH, element, line, linear, picture, powers, shortened, text
from expectations.report.wording import number, percent
from quant.text import counted

STEP = 40
TOP = 26


def kept(groups: Sequence[Held], totals: Mapping[str, int]) -> Markup:
    """A dot for each table and reason, on a scale of powers of ten; `totals` are the rows of the tables."""
    scale = powers(1, max(one.rows for one in groups))
    place = linear(scale[0], scale[-1], 8, WIDTH - 210)
    height = TOP + STEP * len(groups)
    drawn = []
    for power in scale:
        x = place(power)
        drawn += [
            line(x, 18, x, height, "grid"),
            text(x, 12, number(10**power), "middle" if power else "start", "soft"),
        ]
    for order, one in enumerate(groups):
        y = TOP + STEP * order
        end = place(math.log10(one.rows))
        total = totals.get(one.table)
        share = f", {percent(one.rows / total)} of the table" if total else ""
        kind = "blue" if one.place == "audit.quarantine" else "amber"
        drawn += [
            text(0, y + 13, shortened(f"{one.table}: {one.reason}", WIDTH), kind="halo"),
            line(place(0), y + 27, end, y + 27, f"stem {kind}"),
            element("circle", cx=end, cy=y + 27, r=5.0, kind=f"dot {kind}"),
            text(end + 11, y + 31, counted(one.rows, "row") + share),
        ]
    return picture(height, "Rows kept apart, by table and reason", *drawn)
