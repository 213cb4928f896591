"""No load takes a great part of a table away unasked: what was deleted by mistake is still in raw, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from loader.evolve import TableState
from quant.server.removal import Removal, limit, too_many


def objection(states: Iterable[TableState], permitted: Collection[str]) -> str:
    """The sentence for tables of which more rows would vanish than may; empty when there is none."""
    lost = too_many(map(_removal, states), permitted)
    if not lost:
        return ""
    return (
        f"More rows would vanish from raw than {limit():g} % of a table: {', '.join(map(str, lost))}. Nothing was "
        "loaded. See that the file is whole and the right one; if they were deleted on purpose, add --allow-removal "
        f"{','.join(one.table for one in lost)}."
    )


def _removal(state: TableState) -> Removal:
    had = state.raw_rows + sum(entry.rejected for entry in state.known.values())
    return Removal(state.table.target, had - state.table.rows, had)
