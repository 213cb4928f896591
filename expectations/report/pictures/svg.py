"""Write SVG: elements, text, scales. A picture is WIDTH units wide, one unit being about a pixel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from markupsafe import Markup

WIDTH = 760.0
LETTER = 6.4  # the mean width of a letter of a label
Scale = Callable[[float], float]


def element(name: str, *inside: str, **attributes: object) -> str:
    """An element; `kind` becomes its class, and other names lose a trailing underscore."""
    written = "".join(
        f' {_attribute(key)}="{escape(_value(value))}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def _attribute(key: str) -> str:
    return "class" if key == "kind" else key.rstrip("_").replace("_", "-")


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """A line of text whose baseline is at y."""
    align = None if anchor == "start" else anchor
    return element("text", escape(words), x=x, y=y, text_anchor=align, kind=kind or None)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line between two places."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, kind=kind)


def bar(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A rectangle that can be seen even when it stands for almost nothing."""
    return element("rect", x=x, y=y, width=max(width, 1.0), height=height, kind=kind)


def picture(height: float, name: str, *inside: str, width: float = WIDTH) -> Markup:
    """The whole drawing; `name` is what a screen reader says."""
    box = f"0 0 {width:.0f} {height:.0f}"
    kind = None if width == WIDTH else "small"
    return Markup(element("svg", element("title", escape(name)), *inside, viewBox=box, role="img", kind=kind))


def shortened(words: str, width: float) -> str:
    """As much of a label as fits."""
    fits = int(width / LETTER)
    return words if len(words) <= fits else words[: max(1, fits - 1)] + "…"


def room(labels: Sequence[str], most: float) -> float:
    """The width that labels need, up to a limit."""
    return min(most, LETTER * max(map(len, labels), default=0) + 10)


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Values from low to high on places from start to end."""
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def powers(low: float, high: float) -> range:
    """The powers of ten from the one below the lowest value to the one above the highest, two at least."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return range(first, max(last, first + 1) + 1)
