"""What a run would do, found by reading everything and writing nothing."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass
from textwrap import fill

import adbc_driver_postgresql.dbapi as adbc
from psycopg2 import extensions as psycopg

from loader.difference import difference, select
from loader.evolve import Change, TableState
from loader.file_format.records import ARROW
from loader.ledger import Ledger
from loader.pgcopy import copy
from loader.snapshot import Snapshot
from loader.source import quote
from loader.window import Content, Rejected, read
from quant.adbc_sigint import disable_adbc_sigint
from quant.errors import UserError, in_one_line
from quant.progress import Progress
from quant.server.pooled import OF_TRANSACTION
from quant.server.watch import awaited
from quant.target import LOADER, Target
from quant.text import counted, printable, width

STARTING = 1.5  # seconds of a run that moves next to nothing
# Times as long takes a row that lasts as one of a temporary table: measured with 982,470 rows, two busy cores.
LASTING = {"server": 1.8, "embedded": 1.0}
PROBE = 1000  # rows of a window that tell how long the target takes for others
SHOWN, ALL = 3, 1000  # rejected rows shown for each table, without and with --verbose
TERMINAL = 80  # columns
NAME = 27  # of them for a table's name
HEAD = f"{'table':{NAME}}{'rows':>12}{'new':>11}{'changed':>10}{'gone':>10}{'rejected':>10}"


@dataclass(frozen=True)
class TableOutlook:
    """One table: its rows and bytes, which rows differ from those of raw, and which would be rejected.

    Attributes:
        rows_to_compare: rows in the windows that differ, which a run would bring to the target.
        new, changed, gone: rows that it would insert, replace and delete there.
        surprising: rows are gone or rejected, or its columns are not those of raw.
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
    surprising: bool

    @property
    def line(self) -> str:
        """Its figures as under `HEAD`; a name that is too long has a line of its own."""
        figures = f"{self.rows:>12,}{self.new:>11,}{self.changed:>10,}{self.gone:>10,}{len(self.rejected):>10,}"
        name = printable(self.table)
        between = " " * (NAME - width(name)) if width(name) < NAME else "\n" + " " * NAME
        return name + between + figures

    @property
    def described(self) -> str:
        """Its size, and its columns with their types."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        return f"{self.table}, {self.bytes / 1e6:,.1f} MB in {counted(self.windows, 'window')}: {columns}."


@dataclass(frozen=True)
class DryRun:
    """The whole run and roughly how many seconds it would take; tables with surprises come first."""

    tables: tuple[TableOutlook, ...]
    changes: tuple[str, ...]
    seconds: float

    @property
    def rejected(self) -> int:
        return sum(len(table.rejected) for table in self.tables)

    def document(self) -> dict[str, object]:
        """The outlook as JSON-ready data."""
        return {
            "dry_run": True,
            "seconds": round(self.seconds, 1),
            "changes": list(self.changes),
            "tables": [asdict(table) for table in self.tables],
        }

    def text(self, target: str, verbose: bool = False) -> str:
        """The outlook for people, in lines of 80 columns."""
        said = [table.described for table in self.tables] if verbose else []
        shown = ALL if verbose else SHOWN
        for table in self.tables:
            said += [
                f"Would be rejected: {table.table} rowid {row.rowid}, {row.column} = {row.value}: {row.reason}."
                for row in table.rejected[:shown]
            ]
            if more := table.rejected[shown:]:
                said.append(f"… and {len(more):,} more of {table.table}{'' if verbose else ' (-v shows them)'}.")
        said += self.changes
        rows = counted(sum(table.new + table.changed + table.gone for table in self.tables), "row")
        closing = f"Nothing was written. A run would write or delete {rows} in {target} in about {self.seconds:.0f} s."
        return "\n".join([HEAD, *(table.line for table in self.tables), *map(_wrapped, said), "", _wrapped(closing)])


def _wrapped(sentence: str) -> str:
    return fill(printable(sentence), TERMINAL, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


class Pace:
    """How long a run would take, by what reading takes here and writing there."""

    def __init__(self, connection: psycopg.connection, lasting: float) -> None:
        self._connection, self._lasting = connection, lasting
        self._bytes, self._reading = 0, 0.0
        self._writing = 0.0  # seconds for a byte

    def add(self, content: Content, reading: float) -> None:
        """A window that a run would bring to the target, and the seconds that it took to read."""
        self._bytes += content.rows.nbytes
        self._reading += reading
        if not self._writing and content.rows.num_rows >= PROBE:
            self._writing = self._probed(content)

    @property
    def seconds(self) -> float:
        return STARTING + self._reading + self._lasting * self._writing * self._bytes

    def _probed(self, content: Content) -> float:
        """Write a window into a table that nobody else sees and that is never committed."""
        kinds = {arrow: kind for kind, arrow in ARROW.items()}
        columns = ", ".join(f"{quote(one.name)} {kinds[one.type]}" for one in content.rows.schema)
        with self._connection.cursor() as cursor:
            cursor.execute(f"create temporary table _probe ({columns})")
            begun = time.monotonic()
            copy(cursor, "_probe", content.rows)
            took = time.monotonic() - begun
        self._connection.rollback()
        return took / float(content.rows.nbytes)


def plan_changes(
    snapshot: Snapshot,
    target: Target,
    ledger: Ledger,
    states: list[TableState],
    changes: list[Change],
    shown: Progress,
) -> DryRun:
    """Read every window as a run would, and say what it would do with it.

    Args:
        snapshot: the private copy of the source.
        target: where raw is; windows that differ are read there too.
        ledger: tells which columns raw has.
        states: the tables as they stand in raw.
        changes: what differs between the shapes of source and raw.
        shown: is told of each window.

    Raises:
        UserError: when source or target fails meanwhile.
    """
    present = ledger.columns()
    changed = {change.table for change in changes}
    disable_adbc_sigint()
    try:
        with (
            closing(target.connect(LOADER, pooled=True)) as probed,
            adbc.connect(target.uri(pooled=True)) as connection,
            connection.cursor() as cursor,
        ):
            pace = Pace(probed, LASTING[target.name])
            tables = [
                _look(snapshot, cursor, state, present, state.table.target in changed, pace, shown) for state in states
            ]
    except adbc.Error as error:  # of either database, which the same kind of driver reads
        raise UserError(f"The dry run stopped: {in_one_line(error)}. Mend the cause and run again.") from error
    tables.sort(key=lambda table: (not table.surprising, not table.rows_to_compare))  # else they stay as they come
    return DryRun(tuple(tables), tuple(change.says for change in changes), pace.seconds)


def _look(
    snapshot: Snapshot,
    cursor: adbc.Cursor,
    state: TableState,
    present: dict[str, dict[str, str]],
    reshaped: bool,
    pace: Pace,
    shown: Progress,
) -> TableOutlook:
    table = state.table
    size = comparing = new = changed = remaining = 0
    rejected: list[Rejected] = []
    for window in table.windows:
        begun = time.monotonic()
        content = read(snapshot, table, window)
        took = time.monotonic() - begun
        size += content.rows.nbytes
        rejected += content.rejected
        known = state.known.get(window.low) if state.trusted else None
        if known and known.fingerprint == content.fingerprint:
            remaining += known.rows - known.rejected
            shown.advance(table.target, window.rows)
            continue
        comparing += content.rows.num_rows
        pace.add(content, took)
        if not state.exists:
            new += content.rows.num_rows
        else:
            with awaited():
                cursor.execute(OF_TRANSACTION)
                cursor.execute(select(table, window, present[table.target]))
                found = difference(cursor.fetch_arrow_table(), content.rows)
            cursor.connection.commit()
            new, changed, remaining = new + found.new, changed + found.changed, remaining + found.remaining
        shown.advance(table.target, window.rows)
    gone = state.raw_rows - remaining
    return TableOutlook(
        table=table.target,
        rows=table.rows,
        bytes=size,
        windows=len(table.windows),
        rows_to_compare=comparing,
        new=new,
        changed=changed,
        gone=gone,
        columns={column.source: column.type for column in table.columns},
        rejected=tuple(rejected),
        surprising=bool(rejected or gone or reshaped),
    )
