"""No load takes a great part of a table away unasked: what was deleted by mistake is still in raw, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from loader.evolve import Standing
from quant import environment
from quant.errors import UserError

LIMIT = 5.0  # percent of a table's rows
FLOOR = 20  # rows: so few come and go in small tables, such as positions of a portfolio


def allowed(names: Collection[str]) -> frozenset[str]:
    """These tables, and those that QUANT_ALLOW_REMOVAL names, may lose any number of rows."""
    always = environment.get("QUANT_ALLOW_REMOVAL") or ""
    return frozenset(names) | {name.strip() for name in always.split(",")}


def limit() -> float:
    """Percent of a table's rows that may vanish.

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


def objection(standings: Iterable[Standing], permitted: Collection[str]) -> str:
    """The sentence for tables of which more rows would vanish than may; empty when there is none.

    Rows are counted, not held against each other: `INSERT OR REPLACE` gives a row another rowid, and nothing is lost.
    """
    share = limit()
    lost: dict[str, tuple[int, int]] = {}
    for standing in standings:
        had = standing.raw_rows + sum(entry.rejected for entry in standing.known.values())
        missing = had - standing.table.rows
        if missing > max(FLOOR, share / 100 * had) and standing.table.target not in permitted:
            lost[standing.table.target] = missing, had
    if not lost:
        return ""
    told = ", ".join(f"{missing:,} of {had:,} of {table}" for table, (missing, had) in lost.items())
    return (
        f"More rows would vanish from raw than {share:g} % of a table: {told}. Nothing was loaded. See that the file "
        f"is whole and the right one; if the rows were deleted on purpose, add --allow-removal {','.join(lost)}."
    )
