"""The first day of a bucket in PostgreSQL's own words, as TimescaleDB's time_bucket has it."""

from __future__ import annotations

import re

UNITS = {
    "1 day": "day",
    "1 week": "week",
    "7 days": "week",
    "1 month": "month",
    "3 months": "quarter",
    "12 months": "year",
    "1 year": "year",
}
MONTHS = re.compile(r"(\d+) (month|year)s?")
MONDAY = "timestamp '2000-01-03'"  # where time_bucket begins to count days; months it counts from January of that year


def begin(width: str, day: str) -> str:
    """SQL of the first day of the bucket of that width, an interval, that holds a day."""
    if width in UNITS:
        return f"date_trunc('{UNITS[width]}', ({day})::timestamp)::date"
    if found := MONTHS.fullmatch(width):
        months = int(found[1]) * (12 if found[2] == "year" else 1)
        since = f"(extract(year from {day}) * 12 + extract(month from {day}) - 24001)"
        return f"(date '2000-01-01' + make_interval(months => (floor({since} / {months}) * {months})::int))::date"
    return f"date_bin(interval '{width}', ({day})::timestamp, {MONDAY})::date"
