"""One load, from the file to the closing sentence."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from loader import evolve, guard, plan, source
from loader.ledger import RELATIONS, Ledger
from loader.snapshot import Snapshot, check, digest, open_snapshot, quick_check, readable
from loader.summary import Summary, TableSummary
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError
from quant.paths import as_text
from quant.progress import progress, say
from quant.server.lock import only_loader
from quant.server.requirements import ask_load
from quant.server.watch import LIMIT, watching
from quant.target import LOADER, Target, resolve
from quant.text import as_json

if TYPE_CHECKING:
    from loader.task import Done


@dataclass(frozen=True)
class Options:
    """What the command line asked for; `python -m loader.run --help` explains each."""

    source: Path
    target: str | None = None
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    window_bits: int = plan.WINDOW_BITS
    full_refresh: bool = False
    dry_run: bool = False
    progress: str = "auto"
    json: bool = False
    verbose: bool = False
    wait_limit: int = LIMIT
    allow_removal: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's, as the ledger notes it."""
        return Path(as_text(self.source)).name

    @property
    def whole(self) -> bool:
        """Every table is taken."""
        return not (self.only or self.exclude)

    def tell(self, line: str) -> None:
        """Say a step of the work to those who asked for it."""
        if self.verbose:
            say(line)


def run(options: Options) -> int:
    """Load, or tell what loading would do, and return the exit code.

    Raises:
        UserError: when the source or the target cannot be used.
    """
    check(options.source)
    if options.dry_run:
        target = resolve(options.target)
        with watching(target, LOADER, options.wait_limit), target.connected() as connection:
            return _preview(options, target, Ledger(connection))
    summary = load(options, resolve(options.target))
    for warning in summary.warnings:
        say(f"loader: {warning}")
    print(as_json(summary.document()) if options.json else summary.text())
    return WELL if summary.well else NOT_WELL


def load(options: Options, target: Target) -> Summary:
    """Bring raw into step with the file.

    Raises:
        UserError: when the source or the target cannot be used.
    """
    begun = time.monotonic()
    background = ThreadPoolExecutor(2)
    # dlt and the drivers take half a second to import; the server and SQLite work meanwhile, without Python's lock.
    # Nobody waits for the pool at the end: an unchanged file has no use for what is imported.
    importing = background.submit(import_module, "loader.replicate")
    with (
        watching(target, LOADER, options.wait_limit),
        target.connected() as connection,
        only_loader(target),
    ):
        ledger = Ledger(connection)
        ask_load(connection, str(target), RELATIONS)
        ledger.prepare()
        summary = Summary(as_text(options.source), str(target))
        if options.whole and not options.full_refresh and is_loaded(options.source, ledger):
            summary.unchanged = True
        else:
            with open_snapshot(options.source) as snapshot:
                options.tell(f"Reading from a snapshot of {options.source}.")
                checking = background.submit(quick_check, snapshot)
                _load(options, snapshot, target, ledger, summary, checking, importing)
        summary.rejected = sum(ledger.rejected().values())
    summary.seconds = time.monotonic() - begun
    return summary


def _preview(options: Options, target: Target, ledger: Ledger) -> int:
    """Tell what a run would do; nothing is written anywhere."""
    from loader import preview

    with open_snapshot(options.source) as snapshot:
        found = quick_check(snapshot)
        planned, states, changes = _plan(options, snapshot, ledger)
        with readable(snapshot), progress(options.progress, planned.rows) as shown:
            told = preview.plan_changes(snapshot, target, ledger, states, [*_findings(found), *changes], shown)
    lost = [change.says for change in changes if change.lost]
    for warning in lost:
        say(f"loader: {warning}")
    print(as_json(told.document()) if options.json else told.text(str(target), options.verbose))
    if stopped := guard.objection(states, options.allow_removal):
        say(f"loader: {stopped}")
        return COULD_NOT_RUN
    return NOT_WELL if told.rejected or lost else WELL


def is_loaded(source: Path, ledger: Ledger) -> bool:
    """Whether the file is the one last loaded, completely, and raw still has every column and row of it."""
    last = next(iter(ledger.loads(1)), None)
    if last is None or last.fingerprint is None or last.fingerprint != digest(source):
        return False
    present, rejected, recorded = ledger.columns(), ledger.rejected(), ledger.recorded()
    if len(recorded) != last.tables or ledger.lost_notes():
        return False
    return all(
        columns.items() <= present.get(table, {}).items()
        and (rows, set_aside) == (ledger.count(table), rejected.get(table, 0))
        for table, columns, rows, set_aside in recorded
    )


def _plan(
    options: Options, snapshot: Snapshot, ledger: Ledger
) -> tuple[plan.Plan, list[evolve.TableState], list[evolve.Change]]:
    """What to do, the same for the dry run and the real one."""
    with readable(snapshot), closing(snapshot.connect()) as reader:
        for name in source.left_out(reader):
            options.tell(f"The {name} has no rows of its own and is not copied.")
        planned = plan.make(reader, options.only, options.exclude, options.window_bits)
        everything = {plan.target_name(table.name) for table in source.tables(reader)} | planned.refused.keys()
    states, changes = evolve.inspect(planned, ledger, options.full_refresh)
    return (
        planned,
        states,
        evolve.source_renamed(options.name, ledger) + changes + evolve.dropped_tables(everything, ledger),
    )


def _findings(found: list[str]) -> list[evolve.Change]:
    """What SQLite finds in a sound file: the rows are loaded as they are."""
    return [
        evolve.Change("", f"SQLite's integrity_check finds: {line}. All rows are read all the same.") for line in found
    ]


def _load(
    options: Options,
    snapshot: Snapshot,
    target: Target,
    ledger: Ledger,
    summary: Summary,
    checking: Future[list[str]],
    importing: Future[ModuleType],
) -> None:
    try:
        planned, states, changes = _plan(options, snapshot, ledger)
    except Exception:
        checking.result()  # what we stumble on in a damaged file says less than SQLite's own check
        raise

    def begin() -> int:
        checking.result()
        if stopped := guard.objection(states, options.allow_removal):
            raise UserError(stopped)
        evolve.apply(changes, ledger)
        doubtful = [one.table.target for one in states if one.exists and not one.trusted]
        return ledger.begin(options.name, doubtful)

    with progress(options.progress, planned.rows) as shown:

        def report(done: Done) -> None:
            summary.add(done)
            shown.advance(done.table, done.rows)

        load_id = summary.load_id = importing.result().replicate(snapshot, target, states, ledger, begin, report)
    summary.changes = [change.says for change in (*_findings(checking.result()), *changes) if not change.lost]
    summary.warnings = [change.says for change in changes if change.lost]
    for state in states:
        _settle(state, load_id, ledger, summary)
    complete = options.whole and not summary.warnings
    ledger.finish(load_id, snapshot.digest if complete else None, "; ".join(summary.warnings) or "well")


def _settle(state: evolve.TableState, load_id: int, ledger: Ledger, summary: Summary) -> None:
    """Record a table and see that source = raw + rejected."""
    table = state.table
    line = summary.tables.setdefault(table.target, TableSummary(table.target))
    touched = line.written or line.removed or not state.trusted
    rows = ledger.count(table.target) if touched else state.raw_rows
    source_rows, rejected = ledger.record(table, load_id, rows)
    if not table.rows == source_rows == rows + rejected:
        summary.warnings.append(
            f"Table {table.target} does not add up: the source has {table.rows:,} rows, the ledger {source_rows:,}, "
            f"raw {rows:,} and {rejected:,} are rejected. Run again with --full-refresh."
        )
