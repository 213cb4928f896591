"""How a single value is written for a person."""

from __future__ import annotations

from datetime import date, datetime

LONGEST = 60


def show(value: object) -> str:
    """A value, short enough for a line."""
    if value is None:
        return "NULL"
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
