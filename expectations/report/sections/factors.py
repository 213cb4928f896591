"""The page of the factors: what each was worth, and how far it can be relied on."""

from __future__ import annotations

from typing import Any

from expectations.report.factors import Market, Worth
from expectations.report.facts import Facts
from expectations.report.pictures import factors as pictures
from expectations.report.tables import Table
from expectations.report.wording import number, percent
from expectations.verdict import Verdict

ENOUGH = 2.0  # a t that chance seldom gives


def there(facts: Facts) -> bool:
    """Whether there is anything to show."""
    return bool(facts.factors)


def answer(verdict: Verdict, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    """What `page.j2` needs."""
    market = facts.factors[0]
    judged = [(one.name, one.month) for one in market.factors if one.month and one.month.t is not None]
    good = [name for name, worth in judged if (worth.t or 0.0) >= ENOUGH]
    months = max((worth.months for _, worth in judged), default=0)
    return {
        "title": "Factors",
        "question": "Do the factors tell winners from losers?",
        "kind": "good" if good else "",
        "answer": f"{len(good)} of {len(market.factors)} do" if judged else "Not known yet",
        "sentence": _sentence(market, judged, months),
        "notes": [],
        "key": [
            (number(market.stocks), f"stocks in {market.region}"),
            (number(months), "months with returns"),
            (number(len(facts.factors)), "regions"),
            (
                percent(market.without_price / market.scores) if market.scores else "–",
                "of scores without a later price",
            ),
        ],
    }


def _sentence(market: Market, judged: list[tuple[str, Worth]], months: int) -> str:
    if not judged:
        return f"No month of {market.region} has enough stocks with a score and a return a month later."
    name, best = max(judged, key=lambda one: one[1].t or 0.0)
    return (
        f"In {market.region}, over {months} months, so many rank the stocks by their next month’s return with a t of "
        f"at least {ENOUGH:g}. The best is {name}: mean coefficient {best.mean:+.3f}, t {best.t:+.1f}."
    )


def worth(verdict: Verdict, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    """Coefficients, their decay, and returns by quintile."""
    return {
        "markets": [
            {
                "region": one.region,
                "table": _table(one),
                "coefficients": pictures.coefficients(one),
                "decay": pictures.decay(one),
                "quintiles": pictures.quintiles(one),
            }
            for one in facts.factors
            if any(factor.coefficients for factor in one.factors)
        ],
        "small": [one.region for one in facts.factors if not any(factor.coefficients for factor in one.factors)],
    }


def reliance(verdict: Verdict, facts: Facts) -> dict[str, Any]:  # noqa: ARG001
    """Turnover, correlations and coverage."""
    return {
        "markets": [
            {
                "region": one.region,
                "stability": pictures.stability(one)
                if any(f.month and f.month.turnover for f in one.factors)
                else None,
                "correlations": pictures.correlations(one) if one.correlations else None,
                "pairs": _pairs(one),
                "coverage": pictures.coverage(one),
            }
            for one in facts.factors
        ]
    }


def _table(market: Market) -> Table:
    shown = [(one.name, one.month) for one in market.factors if one.month]
    return Table(
        head=(
            "factor",
            "months",
            "mean IC",
            "deviation",
            "t",
            "months > 0",
            "top − bottom",
            "turnover",
            "autocorrelation",
        ),
        rows=[
            (
                *(name, number(worth.months), _figure(worth.mean, "+.3f"), _figure(worth.deviation, ".3f")),
                *(_figure(worth.t, "+.1f"), _figure(worth.positive, ".0%"), _figure(worth.spread, "+.2%")),
                *(_figure(worth.turnover, ".0%"), _figure(worth.autocorrelation, ".2f")),
            )
            for name, worth in shown
        ],
        numeric=frozenset(range(1, 9)),
    )


def _pairs(market: Market) -> Table:
    closest = sorted(market.correlations, key=lambda pair: -abs(pair[2]))
    return Table(
        head=("factor", "other factor", "correlation"),
        rows=[(one, other, _figure(value, "+.2f")) for one, other, value in closest],
        numeric=frozenset({2}),
    )


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form).replace("%", " %")
