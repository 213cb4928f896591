"""What a run would do, found by reading everything and writing nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import adbc_driver_postgresql.dbapi as adbc

from loader.difference import difference, select
from loader.evolve import Change, Standing
from loader.ledger import Ledger
from loader.snapshot import Snapshot
from loader.window import Rejected, read
from quant.errors import UserError, in_one_line
from quant.interrupts import leave_to_python
from quant.progress import Progress
from quant.server.pooled import OF_TRANSACTION
from quant.server.watch import awaited
from quant.target import Target
from quant.text import counted, printable

STARTING = 1.5  # seconds of a run that moves next to nothing
ROWS_A_SECOND = {"server": 500_000, "embedded": 200_000}  # of prices, both as `make bench-load` has them on two cores
SHOWN = 10  # rejected rows shown for each table


@dataclass(frozen=True)
class TableOutlook:
    """One table: its rows and bytes, which rows differ from those of raw, and which would be rejected.

    Attributes:
        rows_to_compare: rows in the windows that differ, which a run would bring to the target.
        new, changed, gone: rows that it would insert, replace and delete there.
    """

    table: str
    rows: int
    bytes: int
    windows: int
    rows_to_compare: int
    new: int
    changed: int
    gone: int
    columns: dict[str, str]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class Outlook:
    """The whole run."""

    tables: tuple[TableOutlook, ...]
    changes: tuple[str, ...]
    rows_a_second: int

    @property
    def rejected(self) -> int:
        return sum(len(table.rejected) for table in self.tables)

    @property
    def seconds(self) -> float:
        """Roughly how long the run would take."""
        return STARTING + sum(table.rows_to_compare for table in self.tables) / self.rows_a_second

    def document(self) -> dict[str, object]:
        """The outlook as JSON-ready data."""
        return {
            "dry_run": True,
            "seconds": round(self.seconds, 1),
            "changes": list(self.changes),
            "tables": [asdict(table) for table in self.tables],
        }

    def text(self, target: str) -> str:
        """The outlook for people."""
        heads = f"{'rows':>12}{'MB':>9}{'new':>12}{'changed':>12}{'gone':>12}{'rejected':>10}"
        lines = [f"{'table':40}{heads}  columns"]
        for table in self.tables:
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            lines.append(
                f"{table.table:40}{table.rows:>12,}{table.bytes / 1e6:>9.1f}{table.new:>12,}"
                f"{table.changed:>12,}{table.gone:>12,}{len(table.rejected):>10,}  {columns}"
            )
        for table in self.tables:
            for row in table.rejected[:SHOWN]:
                place = f"{table.table} rowid {row.rowid}, {row.column} = {row.value}"
                lines.append(f"Would be rejected: {place}: {row.reason}.")
            if len(table.rejected) > SHOWN:
                lines.append(f"… and {len(table.rejected) - SHOWN:,} more of {table.table}.")
        rows = counted(sum(table.new + table.changed + table.gone for table in self.tables), "row")
        lines += [*self.changes, "", f"Nothing was written. A run would write or delete {rows} in {target} "]
        lines[-1] += f"in about {self.seconds:.0f} s."
        return "\n".join(map(printable, lines))


def look(
    snapshot: Snapshot,
    target: Target,
    ledger: Ledger,
    standings: list[Standing],
    changes: list[Change],
    shown: Progress,
) -> Outlook:
    """Read every window as a run would, and say what it would do with it.

    Args:
        snapshot: the private copy of the source.
        target: where raw is; windows that differ are read there too.
        ledger: tells which columns raw has.
        standings: the tables as they stand in raw.
        changes: what differs between the shapes of source and raw.
        shown: is told of each window.

    Raises:
        UserError: when source or target fails meanwhile.
    """
    present = ledger.columns()
    leave_to_python()
    try:
        with adbc.connect(target.uri(pooled=True)) as connection, connection.cursor() as cursor:
            tables = [_look(snapshot, cursor, standing, present, shown) for standing in standings]
    except adbc.Error as error:  # of either database, which the same kind of driver reads
        raise UserError(f"The dry run stopped: {in_one_line(error)}. Mend the cause and run again.") from error
    return Outlook(tuple(tables), tuple(change.says for change in changes), ROWS_A_SECOND[target.name])


def _look(
    snapshot: Snapshot, cursor: adbc.Cursor, standing: Standing, present: dict[str, dict[str, str]], shown: Progress
) -> TableOutlook:
    table = standing.table
    size = comparing = new = changed = remaining = 0
    rejected: list[Rejected] = []
    for window in table.windows:
        content = read(snapshot, table, window)
        size += content.rows.nbytes
        rejected += content.rejected
        known = standing.known.get(window.low) if standing.trusted else None
        if known and known.fingerprint == content.fingerprint:
            remaining += known.rows - known.rejected
        elif not standing.exists:
            comparing += content.rows.num_rows
            new += content.rows.num_rows
        else:
            comparing += content.rows.num_rows
            with awaited():
                cursor.execute(OF_TRANSACTION)
                cursor.execute(select(table, window, present[table.target]))
                found = difference(cursor.fetch_arrow_table(), content.rows)
            cursor.connection.commit()
            new, changed, remaining = new + found.new, changed + found.changed, remaining + found.remaining
        shown.advance(table.target, window.rows)
    return TableOutlook(
        table=table.target,
        rows=table.rows,
        bytes=size,
        windows=len(table.windows),
        rows_to_compare=comparing,
        new=new,
        changed=changed,
        gone=standing.raw_rows - remaining,
        columns={column.source: column.type for column in table.columns},
        rejected=tuple(rejected),
    )
