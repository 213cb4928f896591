"""Run a plan: dlt makes the tables and carries the windows; the ledger says which of them need it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dlt
import dlt.sources.helpers.requests  # a pipeline imports it when it is made; here that happens beside other work
from dlt.common.schema.utils import new_table
from dlt.pipeline.exceptions import PipelineStepFailed

from loader.destination import FORMAT, destination
from loader.evolve import TableState, rows_outside_windows
from loader.ledger import Ledger, remove
from loader.naming import encode_name
from loader.pgcopy import hearing
from loader.plan import TablePlan, Window
from loader.snapshot import Snapshot
from loader.task import Done, Task, Work
from loader.tempdir import temporary_folder
from loader.types import BIGINT, BYTEA, DOUBLE, TEXT
from loader.window import read
from quant.errors import UserError, in_one_line
from quant.target import Target

if TYPE_CHECKING:
    from dlt.common.data_types import TDataType
    from dlt.common.schema.typing import TColumnSchema

DLT_TYPE: dict[str, TDataType] = {BIGINT: "bigint", DOUBLE: "double", TEXT: "text", BYTEA: "binary"}
NO_ROWS = Window(0, 0, 0)
READ_AHEAD = 4  # windows
WORKERS = 2  # one reads while the other writes; more gains nothing on two cores
SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what a user has to know is said by the run itself
    "LOAD__WORKERS": str(WORKERS),
    "LOAD__RAISE_ON_MAX_RETRIES": "1",  # a window that fails once is an error to show, not to repeat in silence
    "SCHEMA__NAMING": "loader.naming",
}


def replicate(
    snapshot: Snapshot,
    target: Target,
    states: list[TableState],
    ledger: Ledger,
    begin: Callable[[], int],
    report: Callable[[Done], None],
) -> int:
    """Bring every window of these tables into step with the snapshot.

    Windows whose pages are those of the ledger are not even read, those whose fingerprint is there are not
    written. Each window commits by itself, so a run that is killed is simply run again.

    Args:
        snapshot: the private copy of the source.
        target: where raw is.
        states: the tables as `loader.evolve.inspect` found them.
        ledger: the target's ledger; its connection holds the lock.
        begin: called once, before anything is written; gives the number that new and changed rows get.
        report: called with a `loader.task.Done` after each window, from dlt's worker threads.

    Returns:
        The number of the load.
    """
    os.environ |= SETTINGS
    tasks = []
    for task in (task for state in states for task in _tasks(state)):
        if task.settled:
            report(task.nothing_to_do)
        else:
            tasks.append(task)
    grouped = [(table, list(its)) for table, its in groupby(tasks, attrgetter("table"))]
    work = Work(snapshot, target, {table.target: iter(its) for table, its in grouped}, report)
    with hearing(), temporary_folder("spock-dlt-") as room, ThreadPoolExecutor(1) as reader:
        for task in tasks[:READ_AHEAD]:  # while dlt prepares the tables
            work.ahead[task.key] = reader.submit(read, snapshot, task.table, task.window)
        pipeline = dlt.pipeline(
            "spock",
            pipelines_dir=str(room),  # only the ledger survives: a package that a killed run left would run twice
            destination=destination(work),
            dataset_name="raw",
        )
        pipeline.config.restore_from_destination = False
        try:
            if grouped:  # all that needs no server, while SQLite still checks the file
                resources = [_resource(table.target, min(len(its), WORKERS), room) for table, its in grouped]
                pipeline.extract(resources, schema=_schema([table for table, _ in grouped]))
                pipeline.normalize()
            work.load_id = begin()
            _clear(states, tasks, ledger, work)
            if grouped:
                pipeline.load()
        except PipelineStepFailed as failure:
            if isinstance(_cause(failure), KeyboardInterrupt):  # dlt takes the signal, to end its jobs in order
                raise KeyboardInterrupt from failure
            raise UserError(
                f"The load stopped while dlt was at the step {failure.step}: {in_one_line(_cause(failure))}. "
                "The windows finished before are in the ledger; mend the cause and run again."
            ) from failure
        finally:
            work.close()
    return work.load_id


def _clear(states: list[TableState], tasks: list[Task], ledger: Ledger, work: Work) -> None:
    """Make the tables ready: no rows that the source cannot have, an index where windows merge."""
    busy = {id(task.table) for task in tasks}
    for state in states:
        table = state.table
        if state.exists and not state.trusted:
            with ledger.connection.cursor() as cursor:
                removed = remove(cursor, table.target, rows_outside_windows(table, "t._rowid"), work.load_id)
            work.report(Done(table.target, 0, 0, 0, removed, 0, 0.0))
        if not state.trusted:
            ledger.forget(table.target, rows_outside_windows(table, "rowid"))
        if state.exists and len(table.windows) > 1 and id(table) in busy:
            ledger.index(table.target)


def _cause(failure: BaseException) -> BaseException:
    """The first error of the chain: dlt wraps it in the whole log of the package."""
    while inner := failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__):
        failure = inner
    return failure


def _tasks(state: TableState) -> Iterator[Task]:
    known = state.known if state.trusted else {}
    for window in state.table.windows:
        entry = known.get(window.low)
        yield Task(state.table, window, entry, empty=state.trusted and entry is None)
    if not state.table.windows and not (state.exists and state.trusted):
        yield Task(state.table, NO_ROWS, None, empty=True)  # an empty table, for dlt to make or to add columns to
    here = {window.low for window in state.table.windows}
    for entry in known.values():
        if entry.low not in here:  # all of its rows were deleted in the source
            yield Task(state.table, Window(entry.low, entry.high, 0), entry, empty=False)


def _schema(tables: list[TablePlan]) -> dlt.Schema:
    """All tables as dlt is to make them: as hints of resources, it would look at each column several times."""
    schema = dlt.Schema("spock")
    for table in tables:
        columns: list[TColumnSchema] = [
            {"name": column.target, "data_type": DLT_TYPE[column.type], "nullable": True} for column in table.columns
        ]
        columns += [{"name": own, "data_type": "bigint", "nullable": False} for own in ("_rowid", "_load_id")]
        schema.update_table(new_table(encode_name(table.target), write_disposition="append", columns=columns))
    return schema


def _resource(table: str, workers: int, room: Path) -> Any:
    def files() -> Iterator[Any]:
        for _ in range(workers):
            file = room / f"windows-{uuid4()}.{FORMAT}"
            file.write_bytes(table.encode())
            yield dlt.mark.with_file_import(str(file), FORMAT, 1)

    return dlt.resource(files, name=encode_name(table), write_disposition="append")
