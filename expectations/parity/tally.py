"""What one reading of a table of raw tells: who wrote its rows, for which load, and where those in quarantine are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import psycopg2.extensions

from expectations.parity.proven import BITS
from expectations.parity.source import ROWID

READING = f"""
    select
        {ROWID} >> {BITS}, xmin::text, _load_id,
        case when {ROWID} = any(%s::bigint[]) then ctid end as place,
        count(*), sum(hashint8extended({ROWID}, 0))
    from {{raw}} as r
    group by 1, r.xmin, 3, 4
"""


class Tally(NamedTuple):
    """The rows of a window that a transaction wrote for a load."""

    window: int
    transaction: str
    load_id: int
    rows: int


@dataclass(frozen=True)
class Tallied:
    """A table of raw.

    Attributes:
        tallies: its rows by window, transaction and load.
        rowids: the sum of the hashes of their rowids, which tells sets of them apart.
        parked: where those in quarantine are, as PostgreSQL writes a place.
    """

    tallies: tuple[Tally, ...]
    rowids: int
    parked: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(tally.rows for tally in self.tallies)


def read(plain: psycopg2.extensions.connection, raw: str, quarantined: Collection[int]) -> Tallied:
    """Read a table once."""
    with plain.cursor() as cursor:
        cursor.execute(READING.format(raw=raw), (sorted(quarantined),))
        found = cursor.fetchall()
    rows: Counter[tuple[int, str, int]] = Counter()
    for window, transaction, load_id, _, count, _ in found:
        rows[window, transaction, load_id] += count
    return Tallied(
        tuple(Tally(*told, count) for told, count in rows.items()),
        sum(int(total) for *_, total in found),
        tuple(place for _, _, _, place, _, _ in found if place),
    )
