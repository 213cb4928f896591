"""dlt's PostgreSQL destination, with load jobs that are windows.

What dlt imports for a table are one-line files that name it, one for each worker that may be at it; their jobs take
the table's windows in turns, read them from the snapshot and write them. So reading and loading overlap in dlt's
workers, nothing is written to disk in between, and a window's rows, rejected rows and ledger entry commit together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
from dlt.common.configuration import configspec
from dlt.common.destination import DestinationCapabilitiesContext, PreparedTableSchema
from dlt.common.destination.client import JobClientBase, LoadJob, RunnableLoadJob
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.runtime import signals
from dlt.common.schema.typing import TColumnSchema, TSchemaTables, TTableSchemaColumns
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import PostgresClientConfiguration, PostgresCredentials
from dlt.destinations.impl.postgres.factory import PostgresTypeMapper
from dlt.destinations.impl.postgres.postgres import PostgresClient
from psycopg2 import extensions as psycopg

from loader.ledger import Entry, remove
from loader.naming import unfolded
from loader.pgcopy import copy
from loader.plan import LONGEST_NAME, TablePlan, Window
from loader.snapshot import Snapshot
from loader.source import quote
from loader.target import Target
from loader.window import Content, read

FORMAT: Literal["jsonl"] = "jsonl"


@dataclass(frozen=True)
class Task:
    """A window to bring into step; `known` is its ledger entry, `empty` says that raw has no row in its range."""

    table: TablePlan
    window: Window
    known: Entry | None
    empty: bool

    @property
    def key(self) -> tuple[str, int]:
        return self.table.target, self.window.low

    @property
    def settled(self) -> bool:
        """The pages of the window are those of the last load, so its rows need not be read."""
        return self.known is not None and self.window.pages is not None and self.window.pages == self.known.pages

    @property
    def nothing_to_do(self) -> Done:
        """What is reported of a settled task."""
        rejected = self.known.rejected if self.known else 0
        return Done(self.table.target, self.window.rows, rejected, 0, 0, 0, 0.0)


@dataclass(frozen=True)
class Done:
    """What a task did: rows in the window, rows written and removed, bytes moved, seconds."""

    table: str
    rows: int
    rejected: int
    written: int
    removed: int
    bytes: int
    seconds: float


@dataclass
class Work:
    """All that the jobs of one load share: of a table's tasks, each takes the next.

    `load_id` is set before the first of them starts.
    """

    snapshot: Snapshot
    target: Target
    tasks: dict[str, Iterator[Task]]
    report: Callable[[Done], None]
    load_id: int = 0
    ahead: dict[tuple[str, int], Future[Content]] = field(default_factory=dict)
    _mine: threading.local = field(default_factory=threading.local, repr=False)
    _all: list[psycopg.connection] = field(default_factory=list, repr=False)

    def connection(self) -> psycopg.connection:
        """The connection of this worker thread: making one costs as much as a small window."""
        if not hasattr(self._mine, "connection") or self._mine.connection.closed:
            self._mine.connection = self.target.connect()
            self._all.append(self._mine.connection)
            with self._mine.connection.cursor() as cursor:
                # A commit need not wait for the disk: the ledger's last one, which does, brings all before it there.
                cursor.execute("set synchronous_commit = off")
            self._mine.connection.commit()
        return cast(psycopg.connection, self._mine.connection)

    def content(self, task: Task) -> Content:
        """The window of a task, read ahead or now."""
        if task.key in self.ahead:
            return self.ahead.pop(task.key).result()
        return read(self.snapshot, task.table, task.window)

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._all:
            connection.close()


def destination(work: Work) -> postgres:
    """The destination for one load; its jobs look their task up in `work`."""

    class WindowClient(PostgresClient):
        def create_load_job(
            self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
        ) -> LoadJob:
            if file_path.endswith(FORMAT):
                return WindowJob(file_path, work)
            return super().create_load_job(table, file_path, load_id, restore)

        def update_stored_schema(self, *asked: Any, **named: Any) -> TSchemaTables | None:
            # dlt would believe its own note of tables and columns that were dropped from raw since.
            return super().update_stored_schema(*asked, **named | {"force": True})

        def _create_table_update(
            self, table_name: str, storage_columns: TTableSchemaColumns
        ) -> Sequence[TColumnSchema]:
            # dlt takes whoever folds names by a function of his own for one that ignores their case.
            return self.schema.get_new_table_columns(table_name, storage_columns, case_sensitive=True)

        def should_load_data_to_staging_dataset(self, _table_name: str) -> bool:
            return False  # to find out, dlt would copy all that it knows of the columns, for each window

    class RawPostgres(postgres):
        @property
        def client_class(self) -> type[PostgresClient]:
            return WindowClient

        def _raw_capabilities(self) -> DestinationCapabilitiesContext:
            capabilities = super()._raw_capabilities()
            capabilities.type_mapper = RawTypeMapper
            capabilities.naming_convention = "loader.naming"
            # The plan keeps names to what PostgreSQL takes; in hexadecimal they are twice as long on their way.
            capabilities.max_identifier_length = 2 * LONGEST_NAME + 2
            capabilities.supported_loader_file_formats = [FORMAT, "insert_values"]
            return capabilities

        @classmethod
        def adjust_capabilities(
            cls,
            caps: DestinationCapabilitiesContext,
            config: PostgresClientConfiguration,
            naming: NamingConvention | None,
        ) -> DestinationCapabilitiesContext:
            capabilities = super().adjust_capabilities(caps, config, naming)
            capabilities.casefold_identifier = unfolded
            return capabilities

    @configspec(init=False)
    class Login(PostgresCredentials):
        """The target's own URI: to put one together, dlt would import all of SQLAlchemy."""

        def to_native_representation(self) -> str:
            return work.target.uri()

        def __str__(self) -> str:
            return str(work.target)

    target = work.target
    login = Login({"host": target.host, "port": target.port, "database": target.database})
    login.update({"username": target.user, "password": target.password})
    login.resolve()
    return RawPostgres(credentials=login)


class RawTypeMapper(PostgresTypeMapper):
    """`text` where dlt would say `varchar`: a varchar keeps TimescaleDB from pushing filters into compressed chunks."""

    sct_to_unbound_dbt = PostgresTypeMapper.sct_to_unbound_dbt | {"text": "text"}


class WindowJob(RunnableLoadJob):
    """Brings windows of a table into step with the snapshot, each in one transaction, until none is left."""

    def __init__(self, file_path: str, work: Work) -> None:
        super().__init__(file_path)
        self._work = work

    def run(self) -> None:
        table = Path(self._file_path).read_bytes().decode()
        for task in self._work.tasks[table]:
            signals.raise_if_signalled()
            self._bring(task)

    def _bring(self, task: Task) -> None:
        begun = time.monotonic()
        content = self._work.content(task)
        connection = self._work.connection()
        try:
            with connection.cursor() as cursor:
                if task.known is None or task.known.fingerprint != content.fingerprint:
                    written, removed = _write(cursor, task, content, self._work.load_id)
                else:  # the pages were rewritten, the rows are the same
                    written = removed = 0
                    _note_pages(cursor, task)
            connection.commit()
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        self._work.report(
            Done(
                task.table.target,
                task.window.rows,
                len(content.rejected),
                written,
                removed,
                content.rows.nbytes if written or removed else 0,
                time.monotonic() - begun,
            )
        )

    def metrics(self) -> None:
        """None for dlt, which would write those of all jobs to disk after each; the load reports `Done` itself."""

    def run_managed(self, _: JobClientBase, done_event: BoundedSemaphore, /) -> None:
        """Run without dlt's own connection: opening one costs as much as a small window, and no window uses it."""
        super().run_managed(cast(JobClientBase, _Unconnected()), done_event)


class _Unconnected:
    """What a job asks of dlt's client around its run: to be there."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *failure: object) -> None:
        pass

    def prepare_load_job_execution(self, job: RunnableLoadJob) -> None:
        pass


def _write(cursor: psycopg.cursor, task: Task, content: Content, load_id: int) -> tuple[int, int]:
    """Write what differs; return the rows written and the rows removed or replaced."""
    numbered = np.full(content.rows.num_rows, load_id, np.int64)
    loads = pa.Array.from_buffers(pa.int64(), len(numbered), [None, pa.py_buffer(numbered)])
    rows = content.rows.append_column("_load_id", pa.chunked_array([loads]))
    table, window = task.table.target, task.window
    if task.empty:
        copy(cursor, f"raw.{quote(table)}", rows)
        written, removed = rows.num_rows, 0
    else:
        written, removed = _merge(cursor, task, rows, load_id)
    within = (table, window.low, window.high)
    cursor.execute("delete from raw.rejected_rows where table_name = %s and rowid between %s and %s", within)
    for row in content.rejected:
        cursor.execute(
            'insert into raw.rejected_rows (table_name, rowid, column_name, value, reason, "row", load_id) '
            "values (%s, %s, %s, %s, %s, %s, %s)",
            (table, row.rowid, row.column, row.value, row.reason, row.row, load_id),
        )
    cursor.execute("delete from raw._windows where table_name = %s and low = %s", (table, window.low))
    if content.rows.num_rows or content.rejected:
        cursor.execute(
            "insert into raw._windows (table_name, low, high, source_rows, rejected_rows, fingerprint, pages, load_id) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *(table, window.low, window.high, rows.num_rows + len(content.rejected), len(content.rejected)),
                *(content.fingerprint, window.pages, load_id),
            ),
        )
    return written, removed


def _note_pages(cursor: psycopg.cursor, task: Task) -> None:
    cursor.execute(
        "update raw._windows set pages = %s where table_name = %s and low = %s",
        (task.window.pages, task.table.target, task.window.low),
    )


def _merge(cursor: psycopg.cursor, task: Task, rows: pa.Table, load_id: int) -> tuple[int, int]:
    """Replace only the rows that differ, bit for bit, so that all others keep their `_load_id`."""
    raw = f"raw.{quote(task.table.target)}"
    cursor.execute(f"create temporary table _incoming (like {raw}) on commit drop")
    copy(cursor, "_incoming", rows)
    cursor.execute("analyze _incoming (_rowid)")
    names = [quote(column.target) for column in task.table.columns]
    # `*=` compares the stored images: -0.0 is not 0.0 to it, as it is not in the source.
    old, new = (f"row({', '.join(f'{t}.{n}' for n in names)})::record" for t in ("t", "i"))
    same = f" and {old} *= {new}" if names else ""
    within = f"t._rowid between {task.window.low} and {task.window.high}"
    missing = f"not exists (select from _incoming i where i._rowid = t._rowid{same})"
    removed = remove(cursor, task.table.target, f"{within} and {missing}", load_id)
    listed = ", ".join(["_rowid", *names, "_load_id"])
    cursor.execute(
        f"insert into {raw} ({listed}) select {listed} from _incoming i "
        f"where not exists (select from {raw} t where t._rowid = i._rowid and {within})"
    )
    return cursor.rowcount, removed
