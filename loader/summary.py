"""What a run did, table by table: for people as a table, for programs as JSON."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from quant.text import counted, printable

if TYPE_CHECKING:
    from loader.task import Done


@dataclass
class TableSummary:
    """One table's line: rows are those of the source, `seconds` the time its windows took together."""

    table: str
    rows: int = 0
    written: int = 0
    removed: int = 0
    rejected: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Rows of the source taken care of in a second."""
        return self.rows / self.seconds if self.seconds else 0.0


@dataclass
class Summary:
    """Collects finished windows from dlt's worker threads and tells how the run ended."""

    source: str
    target: str
    load_id: int | None = None
    unchanged: bool = False
    rejected: int = 0
    seconds: float = 0.0
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tables: dict[str, TableSummary] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, done: Done) -> None:
        """Count a finished window."""
        with self._lock:
            line = self.tables.setdefault(done.table, TableSummary(done.table))
            line.rows += done.rows
            line.written += done.written
            line.removed += done.removed
            line.rejected += done.rejected
            line.bytes += done.bytes
            line.seconds += done.seconds

    @property
    def well(self) -> bool:
        """Nothing rejected and nothing to warn of."""
        return not self.rejected and not self.warnings

    def document(self) -> dict[str, object]:
        """The summary as JSON-ready data."""
        return {
            "source": self.source,
            "target": self.target,
            "load_id": self.load_id,
            "unchanged": self.unchanged,
            "seconds": round(self.seconds, 3),
            "well": self.well,
            "rejected": self.rejected,
            "changes": self.changes,
            "warnings": self.warnings,
            "tables": [asdict(line) for line in self._sorted()],
        }

    def text(self) -> str:
        """The summary as an aligned table with a closing sentence."""
        if self.unchanged:
            return self._closing()
        head = ("table", "rows", "written", "removed", "rejected", "MB", "seconds", "rows/s")
        body = [
            (
                line.table,
                f"{line.rows:,}",
                f"{line.written:,}",
                f"{line.removed:,}",
                f"{line.rejected:,}",
                f"{line.bytes / 1e6:.1f}",
                f"{line.seconds:.2f}",
                f"{line.rate:,.0f}",
            )
            for line in self._sorted()
        ]
        widths = [max(len(row[i]) for row in (head, *body)) for i in range(len(head))]
        lines = [
            "  ".join(v.ljust(w) if not i else v.rjust(w) for i, (v, w) in enumerate(zip(row, widths, strict=True)))
            for row in (head, *body)
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*map(printable, (*lines, *self.changes)), "", self._closing()])

    def _closing(self) -> str:
        rows = sum(line.rows for line in self.tables.values())
        written = sum(line.written for line in self.tables.values())
        removed = sum(line.removed for line in self.tables.values())
        took = f"in {self.seconds:.1f} s"
        source = printable(self.source)
        ended = (
            f"{source} has not changed since the last load: raw on {self.target} is in step with it, {took}."
            if self.unchanged
            else f"{counted(len(self.tables), 'table')} with {counted(rows, 'row')} "
            f"{'is' if len(self.tables) == 1 else 'are'} in step with {source} on {self.target}: "
            f"{counted(written, 'row')} written, {removed:,} removed or replaced, {took}."
        )
        if self.rejected:
            rejected = counted(self.rejected, "row does not fit its column", "rows do not fit their columns")
            ended += f"\n{rejected}: see raw.rejected_rows, which keeps {'it' if self.rejected == 1 else 'them'} whole."
        return ended

    def _sorted(self) -> list[TableSummary]:
        return sorted(self.tables.values(), key=lambda line: (-line.rows, line.table))
