"""What is kept apart, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from expectations.report.facts import Held
from expectations.report.pictures.svg import WIDTH, bar, linear, picture, shortened, text
from expectations.report.wording import percent
from quant.text import counted

STEP = 40


def held(groups: Sequence[Held], totals: Mapping[str, int]) -> str:
    """A bar for each table and reason; `totals` are the rows of the tables, of which the kept ones are a share."""
    place = linear(0, max(one.rows for one in groups), 0, WIDTH - 220)
    drawn = []
    for order, one in enumerate(groups):
        y = STEP * order
        end = place(one.rows)
        total = totals.get(one.table)
        share = f", {percent(one.rows / total)} of the table" if total else ""
        drawn += [
            text(0, y + 14, shortened(f"{one.table}: {one.reason}", WIDTH)),
            bar(0, y + 20, end, 12, "fill" if one.place == "audit.quarantine" else "amber"),
            text(max(end, 1) + 8, y + 30.5, counted(one.rows, "row") + share),
        ]
    return picture(STEP * len(groups), "Rows kept apart, by table and reason", *drawn)
