"""What compression saves, by hypertable and by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from expectations.report.facts import Hypertable
from expectations.report.pictures.svg import WIDTH, bar, line, linear, picture, room, shortened, steps, text
from expectations.report.wording import percent, size

STEP = 54
CHUNKS_HIGH = 190


def compression(tables: Sequence[Hypertable]) -> Markup:
    """Two bars a hypertable: its compressed chunks before, and as they are now."""
    left = room([one.name for one in tables], 200)
    place = linear(0, max(one.packed.before for one in tables if one.packed), left, WIDTH - 190)
    drawn = []
    for order, one in enumerate(tables):
        if one.packed is None:
            continue
        y = order * STEP + 6
        before, after = place(one.packed.before), place(one.packed.after)
        drawn += [
            text(left - 8, y + 25, shortened(one.name, left - 8), "end"),
            bar(left, y, before - left, 16, "pale"),
            text(before + 8, y + 12.5, f"{size(one.packed.before)} before"),
            bar(left, y + 20, after - left, 16, "fill"),
            text(after + 8, y + 32.5, f"{size(one.packed.after)} now: {percent(one.packed.saved)} saved"),
        ]
    return picture(STEP * len(tables), "Size of the compressed chunks before and after compression", *drawn)


def chunks(table: Hypertable) -> Markup:
    """A pair of bars a chunk, one in front of the other, along the years."""
    history, left, right, bottom = table.history, 70.0, WIDTH - 8, CHUNKS_HIGH - 26.0
    days = linear(history[0].first.toordinal(), history[-1].end.toordinal(), left, right)
    most = max(chunk.packed.before for chunk in history)
    place = linear(0, most, bottom, 14)
    drawn = []
    for value in steps(most):
        y = place(value)
        drawn += [
            line(left, y, right, y, "grid"),
            text(left - 8, y + 4, size(round(value)) if value else "0", "end", "soft"),
        ]
    for chunk in history:
        x, end = days(chunk.first.toordinal()), days(chunk.end.toordinal())
        gap = min(3.0, (end - x) / 6)
        for amount, kind, inset in ((chunk.packed.before, "pale", 0.0), (chunk.packed.after, "fill", (end - x) / 6)):
            y = place(amount)
            drawn.append(bar(x + gap + inset, y, end - x - 2 * (gap + inset), bottom - y, kind))
    drawn.append(line(left, bottom, right, bottom, "axis"))
    drawn += _days(table, [days(chunk.first.toordinal()) for chunk in history], right, bottom + 18)
    return picture(CHUNKS_HIGH, f"Size of each compressed chunk of {table.name} before and after compression", *drawn)


def _days(table: Hypertable, starts: Sequence[float], right: float, y: float) -> list[str]:
    """The first day of each chunk, as far as they do not run into each other."""
    gap = min((there - here for here, there in pairwise([*starts, right])), default=right)
    every = max(1, -(-60 // max(1, int(gap))))
    return [
        text(x, y, chunk.first.strftime("%Y-%m"), "start", "soft")
        for order, (x, chunk) in enumerate(zip(starts, table.history, strict=True))
        if order % every == 0
    ]
