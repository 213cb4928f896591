"""Values of the Spock file as the database has them: dates, times, truth values, by the rules of the migration."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from quant.errors import InvalidValue
from quant.names import as_date

SEOUL = ZoneInfo("Asia/Seoul")


@lru_cache(1 << 16)
def day(text: object) -> str | None:
    """A date as YYYY-MM-DD; None for what cannot be read."""
    try:
        return as_date(text).isoformat()
    except InvalidValue:
        return None


@lru_cache(1 << 16)
def instant(text: object) -> str | None:
    """A time in UTC, in one shape that sorts; None for what cannot be read.

    Exactly `YYYY-MM-DD HH:MM:SS` is what SQLite's CURRENT_TIMESTAMP writes, in UTC; every other time without an offset
    was written by the platform's programs, in Seoul.
    """
    first = day(text)
    if first is None or not isinstance(text, str):
        return None
    rest = text[len(text) - len(text.replace("-", "", 2).replace("/", "", 2)) + 8 :]
    try:
        found = datetime.fromisoformat(first + (rest.replace(" ", "T", 1) if rest else ""))
    except ValueError:
        return None
    if found.tzinfo is None:
        by_sqlite = len(text) == 19 and text[4] == "-" and text[10] == " "
        found = found.replace(tzinfo=UTC if by_sqlite else SEOUL)
    return shown_instant(found)


def shown_instant(moment: datetime) -> str:
    """A time as the views spell it."""
    return moment.astimezone(UTC).isoformat(" ", "microseconds")


def value_of(kind: str, value: Any) -> Any:
    """A value of a view as PostgreSQL would give it."""
    if kind == "bool" and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and kind in ("date", "timestamptz"):
        return date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value)
    return value


class Last:
    """TimescaleDB's `last(value, time)`."""

    def __init__(self) -> None:
        self.value: Any = None
        self.when: Any = None

    def step(self, value: Any, when: Any, /) -> None:
        if self.when is None or when > self.when:
            self.value, self.when = value, when

    def finalize(self) -> Any:
        return self.value


class First(Last):
    """TimescaleDB's `first(value, time)`."""

    def step(self, value: Any, when: Any, /) -> None:
        if self.when is None or when < self.when:
            self.value, self.when = value, when
