"""How counts are told."""

from __future__ import annotations


def counted(value: int, one: str, many: str | None = None) -> str:
    """A count with its noun: 1 row, 2 rows."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"
