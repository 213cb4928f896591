"""What is looked for by months first is what a look at every day finds."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from expectations.expected.integrity import DAILY, GAPS, STEPS
from tests.support.verdict_ground import Ground

CLOSES = (1.0, 2.9, 2.95, 3.0, 3.0000000000000004, 1 / 3, 9.1, 0.0, -1.0, "NaN", "Infinity")
STEPS_OF_DAYS = (1, 1, 1, 3, 27, 30, 31, 32, 33, 61, 400)
DAY_BY_DAY = {
    STEPS: "select * from (select ticker, region, date, close / nullif(lag(close) over w, 0) as step from days "
    "window w as (partition by ticker, region order by date)) as s where step > 3 or step < 1 / 3.0",
    GAPS: "select * from (select ticker, region, date, date - lag(date) over w as days from days "
    "where isfinite(date) window w as (partition by ticker, region order by date)) as s where days > 31",
}


def histories(seed: int) -> str:
    """SQL of a table of days: of most tickers closes move little, of all of them trading stops now and then."""
    drawn = random.Random(seed)
    rows = []
    for number in range(120):
        day, wild = date(2023, 1, 1) + timedelta(drawn.randrange(60)), drawn.choice((0, 0, 0.1, 0.9))
        for _ in range(drawn.choice((1, 2, 30))):
            close = drawn.choice(CLOSES) if drawn.random() < wild else drawn.uniform(2, 5)
            rows.append(f"('T{number}', '{drawn.choice(('KR', 'US'))}', '{day}', '{close!s}')")
            day += timedelta(drawn.choice(STEPS_OF_DAYS))
        if drawn.random() < 0.1:
            rows.append(f"('T{number}', 'KR', 'infinity', '1')")
    return (
        "create temporary table days (ticker text, region text, date date, close double precision) on commit drop; "
        f"insert into days values {', '.join(rows)}"
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("looked_for", DAY_BY_DAY, ids=("steps", "gaps"))
def test_every_day_is_found(migrated: Ground, looked_for: str, seed: int) -> None:
    found, wanted = (
        migrated.query(f"{histories(seed)}; select found::text from ({query}) as found order by 1")
        for query in (looked_for.replace(DAILY, "days where true"), DAY_BY_DAY[looked_for])
    )
    assert found == wanted
    assert wanted
