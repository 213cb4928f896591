"""Small multiples of what the evaluation of factors found: a panel a factor, all on one scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from markupsafe import Markup

from expectations.report.factors import Market
from expectations.report.pictures.svg import Scale, element, line, linear, picture, shortened, text

WIDE, HIGH = 232.0, 124.0  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 34.0, 228.0, 26.0, 106.0
SQUARE = 380.0  # wide enough for a matrix, narrow enough for a telephone
LABELS = 112.0
STEP = 20.0
HEAD = 56.0  # room for the first labels that stand upright


def coefficients(market: Market) -> Markup:
    """A bar a month for each factor; the note is their mean and its t."""
    shown = [one for one in market.factors if one.coefficients]
    most = _round(max((abs(value) for one in shown for _, value in one.coefficients), default=1.0))
    months = [month for one in shown for month, _ in one.coefficients]
    return _multiples(
        _bars(
            one.name,
            "" if one.month is None else f"mean {_signed(one.month.mean, 3)}, t {_signed(one.month.t, 1)}",
            [(month.toordinal(), value) for month, value in one.coefficients],
            (min(months).toordinal(), max(months).toordinal() + 30, 26.0),
            (-most, most),
            _years(min(months), max(months)),
        )
        for one in shown
    )


def decay(market: Market) -> Markup:
    """The mean coefficient of each factor by horizon."""
    shown = [one for one in market.factors if any(worth.mean is not None for worth in one.worth)]
    values = {one.name: [worth for worth in one.worth if worth.mean is not None] for one in shown}
    most = _round(max((abs(worth.mean or 0) for found in values.values() for worth in found), default=1.0))
    horizons = sorted({worth.horizon for found in values.values() for worth in found})
    ticks = {horizon: place for place, horizon in enumerate(horizons)}
    return _multiples(
        _bars(
            one.name,
            "",
            [(ticks[worth.horizon], worth.mean or 0.0) for worth in values[one.name]],
            (0, len(ticks), 0.7),
            (-most, most),
            [(place + 0.35, f"{horizon} m") for horizon, place in ticks.items()],
        )
        for one in shown
    )


def quintiles(market: Market) -> Markup:
    """The mean return of each fifth of the stocks; the note is the best fifth's less the worst's."""
    shown = [one for one in market.factors if one.quintiles]
    most = _round(100 * max((abs(value) for one in shown for _, value in one.quintiles), default=0.01))
    labels = [(place + 0.35, words) for place, words in enumerate(("worst", "2", "3", "4", "best"))]
    return _multiples(
        _bars(
            one.name,
            "" if one.month is None or one.month.spread is None else f"top − bottom {100 * one.month.spread:+.2f} %",
            [(quintile - 1, 100 * value) for quintile, value in one.quintiles],
            (0, 5, 0.7),
            (-most, most),
            labels,
        )
        for one in shown
    )


def coverage(market: Market) -> Markup:
    """The share of the universe that has each factor, by month."""
    shown = [one for one in market.factors if one.coverage]
    months = [month for one in shown for month, _ in one.coverage]
    place = linear(min(months).toordinal(), max(months).toordinal() + 1, LEFT, RIGHT)
    height = linear(0, 1, BOTTOM, TOP)
    years = _years(min(months), max(months))
    return _multiples(
        _panel(
            one.name,
            f"last {100 * one.coverage[-1][1]:.0f} %",
            *_frame([(0.0, "0"), (1.0, "100 %")], height),
            *(text(place(at), HIGH - 4, words, "start", "soft") for at, words in years),
            element(
                "path",
                d=f"M{place(one.coverage[0][0].toordinal()):.1f} {BOTTOM} "
                + " ".join(f"L{place(month.toordinal()):.1f} {height(share):.1f}" for month, share in one.coverage)
                + f" L{place(one.coverage[-1][0].toordinal()):.1f} {BOTTOM} z",
                kind="pale edge",
            ),
        )
        for one in shown
    )


def stability(market: Market) -> Markup:
    """A line a factor: how much of its best fifth is new each month, and how alike its order is to that before."""
    shown = [one for one in market.factors if one.month and one.month.turnover is not None]
    height = 30 + STEP * len(shown)
    place = linear(0, 1, LABELS + 14, SQUARE - 22)
    drawn = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = place(share)
        drawn += [line(x, 20, x, height, "grid"), text(x, 14, f"{100 * share:.0f} %", "middle", "soft")]
    for order, one in enumerate(shown):
        y = 30 + STEP * order + STEP / 2
        worth = one.month
        assert worth is not None
        drawn.append(text(LABELS, y + 4, shortened(one.name, LABELS), "end"))
        for value, kind in ((worth.turnover, "amber"), (worth.autocorrelation, "blue")):
            if value is not None:
                drawn.append(element("circle", cx=place(max(0.0, value)), cy=y, r=4.5, kind=f"dot {kind}"))
    return picture(height, "Turnover and rank autocorrelation by factor", *drawn, width=SQUARE)


def correlations(market: Market) -> Markup:
    """A matrix: blue where two factors agree, red where they disagree, in hundredths."""
    names = [one.name for one in market.factors if any(one.name in pair[:2] for pair in market.correlations)]
    found = {frozenset(pair[:2]): pair[2] for pair in market.correlations}
    size = (SQUARE - LABELS - 6) / max(1, len(names))
    drawn = []
    for row, name in enumerate(names):
        y = HEAD + row * size
        drawn.append(text(LABELS, y + size / 2 + 4, shortened(name, LABELS), "end"))
        for column, other in enumerate(names[:row]):
            value = found.get(frozenset((name, other)))
            if value is None:
                continue
            x = LABELS + 6 + column * size
            cell = {"width": size - 1, "height": size - 1, "kind": "fill" if value >= 0 else "bad"}
            drawn += [
                element("rect", x=x, y=y, fill_opacity=f"{0.65 * abs(value):.2f}", **cell),
                text(x + size / 2, y + size / 2 + 3, str(round(100 * value)), "middle", "tiny"),
            ]
        x = LABELS + 6 + row * size + size / 2 + 3
        turned = f"rotate(-90 {x:.1f} {y + size - 3:.1f})"
        label = "" if row == len(names) - 1 else name
        drawn.append(element("text", label, x=x, y=y + size - 3, transform=turned, kind="soft") if label else "")
    return picture(HEAD + 4 + len(names) * size, "Correlations between the factors", *drawn, width=SQUARE)


def _multiples(panels: Iterable[str]) -> Markup:
    return Markup('<div class="multiples">{}</div>').format(Markup("").join(map(Markup, panels)))


def _panel(name: str, note: str, *inside: str) -> Markup:
    head = [text(0, 12, name, kind="strong"), text(RIGHT, 12, note, "end", "soft")]
    return picture(HIGH, f"{name}: {note}" if note else name, *head, *inside, width=WIDE)


def _bars(
    name: str,
    note: str,
    values: Sequence[tuple[float, float]],
    across: tuple[float, float, float],
    up: tuple[float, float],
    labels: Sequence[tuple[float, str]],
) -> Markup:
    """Bars from a line at zero, the negative ones in another colour; `across` is first, end and how wide a bar is."""
    first, end, wide = across
    place, height = linear(first, end, LEFT, RIGHT), linear(*up, BOTTOM, TOP)
    zero = height(0)
    broad = max(0.8, place(first + wide) - place(first))
    drawn = []
    for kind, sign in (("fill", 1), ("bad", -1)):
        path = "".join(
            f"M{place(x):.1f} {zero:.1f}v{height(value) - zero:.1f}h{broad:.1f}V{zero:.1f}z"
            for x, value in values
            if value * sign > 0
        )
        drawn += [element("path", d=path, kind=kind)] if path else []
    ticks = [(value, f"{value:+g}" if value else "0") for value in (up[0], 0.0, up[1])]
    middle = "middle" if wide < 1 else "start"
    return _panel(
        name,
        note,
        *_frame(ticks, height),
        *drawn,
        line(LEFT, zero, RIGHT, zero, "axis"),
        *(text(place(at), HIGH - 4, words, middle, "soft") for at, words in labels),
    )


def _frame(ticks: Sequence[tuple[float, str]], height: Scale) -> list[str]:
    drawn = []
    for value, words in ticks:
        y = height(value)
        drawn += [line(LEFT, y, RIGHT, y, "grid"), text(LEFT - 4, y + 3.5, words, "end", "tiny")]
    return drawn


def _years(first: date, last: date) -> list[tuple[float, str]]:
    """Where years begin, at most five of them; the first month where there are too few."""
    years = [year for year in range(first.year, last.year + 1) if date(year, 1, 1) >= first]
    if len(years) < 2:
        return [(first.toordinal(), f"{first:%Y-%m}"), *((date(one, 1, 1).toordinal(), f"{one}-01") for one in years)]
    every = -(-len(years) // 5)
    return [(date(year, 1, 1).toordinal(), str(year)) for year in years if year % every == 0]


def _round(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    unit = (
        10.0 ** (len(str(int(value))) - 1) if value >= 1 else next(10.0**-n for n in range(1, 9) if value >= 10.0**-n)
    )
    return round(next(unit * step for step in (1, 2, 5, 10) if unit * step >= value), 8)


def _signed(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:+.{digits}f}"
