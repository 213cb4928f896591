"""No load and no build takes a great part of a table away unasked: docs/decisions/0016."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from quant import environment
from quant.errors import UserError

LIMIT = 5.0  # percent of a table's rows
FLOOR = 20  # rows: so many come and go in a small table, such as the positions of a portfolio
ALLOWED = "QUANT_ALLOW_REMOVAL"


@dataclass(frozen=True)
class Removal:
    """How many of a table's rows would go."""

    table: str
    rows: int
    of: int

    def __str__(self) -> str:
        return f"{self.rows:,} of {self.of:,} of {self.table}"


def allowed(names: Iterable[str]) -> frozenset[str]:
    """These tables, and those that QUANT_ALLOW_REMOVAL names."""
    always = environment.get(ALLOWED) or ""
    return frozenset(names) | {name.strip() for name in always.split(",") if name.strip()}


def limit() -> float:
    """Percent of a table's rows that may go.

    Raises:
        UserError: when QUANT_REMOVAL_LIMIT is no share.
    """
    given = environment.get("QUANT_REMOVAL_LIMIT") or str(LIMIT)
    try:
        found = float(given)
    except ValueError:
        found = -1
    if not 0 <= found <= 100:
        raise UserError(f"QUANT_REMOVAL_LIMIT is {given!r}: set it to percent from 0 to 100, such as 5.")
    return found


def too_many(removals: Iterable[Removal], permitted: Collection[str]) -> list[Removal]:
    """Those of which more rows would go than may."""
    share = limit()
    return [
        one for one in removals if one.rows > max(FLOOR, share / 100 * one.of) and one.table not in allowed(permitted)
    ]


# Rows are counted, and not held against each other: `INSERT OR REPLACE` gives a row another rowid, and nothing is lost.
PRESENT = """
    select name, source
    from (values {pairs}) as asked (name, source)
    where to_regclass(format('public.%I', name)) is not null and to_regclass(format('raw.%I', source)) is not null
"""
REMOVED = """
    select {name} as name, had - there as missing, had
    from (
        select
            (select count(*) from public.{table} where source_rowid is not null)
            + (select count(*) from audit.quarantine where table_name = {name}) as had,
            (select count(*) from raw.{source}) as there
    ) as counted
"""


def judge_build(rows: Sequence[Sequence[Any]], permitted: Collection[str], where: str) -> None:
    """See that a build removes no great part of a table, by what `REMOVED` gave of each.

    Raises:
        UserError: when it would.
    """
    lost = too_many((Removal(*row) for row in rows), permitted)
    if lost:
        names = ",".join(one.table for one in lost)
        raise UserError(
            f"More rows would be removed from public on {where} than {limit():g} % of a table, as the source has them "
            f"no more: {', '.join(map(str, lost))}. Nothing was built. If they were deleted on purpose, set "
            f"{ALLOWED}={names}, or build with --vars '{{remove_deleted: true, allow_removal: [{names}]}}'."
        )
