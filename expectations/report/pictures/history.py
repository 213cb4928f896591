"""How the runs went, one beside the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from expectations.report.facts import PastVerdict
from expectations.report.pictures.svg import WIDTH, bar, element, line, linear, picture, text
from expectations.report.wording import duration, number

LEFT = 82.0
RIGHT = WIDTH - 84.0
HIGH = 34.0  # of a strip
GAP = 16.0
MOST = 14.0  # width of a column


def history(past: Sequence[PastVerdict]) -> Markup:
    """Strips of outcome, warnings, rows and seconds, a column a run."""
    width = min(MOST, (RIGHT - LEFT) / len(past))
    starts = [LEFT + width * order for order in range(len(past))]
    drawn = []
    for one, x in zip(past, starts, strict=True):
        told = f"{one.judged:%Y-%m-%d %H:%M}: {'passed' if one.passed else 'failed'}, {one.warnings:,} warnings"
        mark = {"x": x, "y": 4.0 if not one.passed else 10.0, "width": max(width - 1.5, 1.0)}
        shape = {"height": 18.0 if not one.passed else 12.0, "kind": "bad" if not one.passed else "fill"}
        drawn.append(element("rect", element("title", told), **mark, **shape))
    drawn.append(text(LEFT - 10, 20, "outcome", "end"))
    y = 40.0
    for name, values, shown in (
        ("warnings", [one.warnings for one in past], _whole),
        ("rows", [one.rows for one in past], _whole),
        ("took", [one.seconds for one in past], duration),
    ):
        drawn += _strip(name, values, starts, width, y, shown)
        y += HIGH + GAP
    first, last = (f"{one.judged:%Y-%m-%d}" for one in (past[0], past[-1]))
    drawn.append(text(LEFT, y + 6, first, "start", "soft"))
    if len(past) * width > 150:
        drawn.append(text(starts[-1] + width, y + 6, last, "end", "soft"))
    return picture(y + 12, "Outcome, warnings, rows and time of the last runs", *drawn)


def _strip(
    name: str, values: Sequence[float], starts: Sequence[float], width: float, y: float, shown: Callable[[float], str]
) -> list[str]:
    """A column a run, from the smallest to the largest value, which stand at the right; warnings begin at none."""
    low, high = 0 if name == "warnings" else min(values), max(values)
    place = linear(low, high, y + HIGH, y)
    end = starts[-1] + width
    drawn = [text(LEFT - 10, y + HIGH / 2 + 4, name, "end"), line(LEFT, y + HIGH, end, y + HIGH, "grid")]
    for value, x in zip(values, starts, strict=True):
        drawn.append(bar(x, place(value) - 1, max(width - 1.5, 1.0), y + HIGH - place(value) + 1, "pale"))
    drawn.append(text(end + 8, y + HIGH + 3, shown(low), kind="soft"))
    if high > low:
        drawn.append(text(end + 8, y + 5, shown(high), kind="soft"))
    return drawn


def _whole(value: float) -> str:
    return number(round(value))
