"""What a run would do, found by reading everything and writing nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from loader.evolve import Change, Standing
from loader.progress import Progress
from loader.snapshot import Snapshot
from loader.window import Rejected, read

ROWS_A_SECOND = 200_000  # a modest server and machine; the embedded engine takes about a third of that
SHOWN = 10  # rejected rows shown for each table


@dataclass(frozen=True)
class TableOutlook:
    """One table: its rows and bytes, how many windows would be written, and which rows would be rejected."""

    table: str
    rows: int
    bytes: int
    windows: int
    windows_to_write: int
    rows_to_write: int
    columns: dict[str, str]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class Outlook:
    """The whole run."""

    tables: tuple[TableOutlook, ...]
    changes: tuple[str, ...]

    @property
    def rejected(self) -> int:
        return sum(len(table.rejected) for table in self.tables)

    @property
    def seconds(self) -> float:
        """Roughly how long the run would take."""
        return 2 + sum(table.rows_to_write for table in self.tables) / ROWS_A_SECOND

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
        lines = [f"{'table':40}{'rows':>12}{'MB':>9}{'windows':>9}{'to write':>10}{'rejected':>10}  columns"]
        for table in self.tables:
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            lines.append(
                f"{table.table:40}{table.rows:>12,}{table.bytes / 1e6:>9.1f}{table.windows:>9,}"
                f"{table.windows_to_write:>10,}{len(table.rejected):>10,}  {columns}"
            )
        for table in self.tables:
            for row in table.rejected[:SHOWN]:
                place = f"{table.table} rowid {row.rowid}, {row.column} = {row.value}"
                lines.append(f"Would be rejected: {place}: {row.reason}.")
            if len(table.rejected) > SHOWN:
                lines.append(f"… and {len(table.rejected) - SHOWN:,} more of {table.table}.")
        rows = sum(table.rows_to_write for table in self.tables)
        lines += [*self.changes, "", f"Nothing was written. A run would compare or write {rows:,} rows into {target} "]
        lines[-1] += f"in about {self.seconds:.0f} s."
        return "\n".join(lines)


def look(snapshot: Snapshot, standings: list[Standing], changes: list[Change], shown: Progress) -> Outlook:
    """Read every window as a run would, and say what it would do with it.

    Args:
        snapshot: the private copy of the source.
        standings: the tables as they stand in raw.
        changes: what differs between the shapes of source and raw.
        shown: is told of each window.
    """
    tables = []
    for standing in standings:
        table = standing.table
        size = writing = writing_rows = 0
        rejected: list[Rejected] = []
        for window in table.windows:
            content = read(snapshot, table, window)
            size += content.rows.nbytes
            rejected += content.rejected
            known = standing.known.get(window.low) if standing.trusted else None
            if known is None or known.fingerprint != content.fingerprint:
                writing += 1
                writing_rows += content.rows.num_rows
            shown.advance(table.target, window.rows)
        tables.append(
            TableOutlook(
                table.target,
                table.rows,
                size,
                len(table.windows),
                writing,
                writing_rows,
                {column.source: column.type for column in table.columns},
                tuple(rejected),
            )
        )
    return Outlook(tuple(tables), tuple(change.says for change in changes))
