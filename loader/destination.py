"""dlt's PostgreSQL destination, with load jobs that are windows.

What dlt imports for a table are one-line files that name it, one for each worker that may be at it; their jobs take
the table's windows in turns, read them from the snapshot and write them. So reading and loading overlap in dlt's
workers, nothing is written to disk in between, and a window's rows, rejected rows and ledger entry commit together.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Literal, cast

import psycopg2.extensions
from dlt.common.configuration import configspec
from dlt.common.destination import DestinationCapabilitiesContext, PreparedTableSchema
from dlt.common.destination.client import JobClientBase, LoadJob, RunnableLoadJob
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.runtime import signals
from dlt.common.schema import Schema
from dlt.common.schema.typing import TColumnSchema, TSchemaTables, TTableSchemaColumns
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import PostgresClientConfiguration, PostgresCredentials
from dlt.destinations.impl.postgres.factory import PostgresTypeMapper
from dlt.destinations.impl.postgres.postgres import PostgresClient
from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient

from loader.naming import decode_name
from loader.plan import LONGEST_NAME
from loader.task import Done, Task, Work
from loader.write import note_pages, write
from quant.target import LOADER

FORMAT: Literal["jsonl"] = "jsonl"


def destination(work: Work) -> postgres:
    """The destination for one load; its jobs look their task up in `work`."""

    class TargetClient(Psycopg2SqlClient):
        def open_connection(self) -> psycopg2.extensions.connection:
            opened = work.target.connect(LOADER, pooled=True)  # dlt's own would look for names in raw and public
            self._conn = opened
            self._reset_connection()
            return opened

    class WindowClient(PostgresClient):
        def __init__(
            self, schema: Schema, config: PostgresClientConfiguration, capabilities: DestinationCapabilitiesContext
        ) -> None:
            super().__init__(schema, config, capabilities)
            own = self.sql_client
            self.sql_client = TargetClient(own.dataset_name, own.staging_dataset_name, config.credentials, capabilities)

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
            capabilities.casefold_identifier = decode_name
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
                # A commit need not wait for the disk: the ledger's last one, which does, brings all before it there.
                cursor.execute("set local synchronous_commit = off")
                if task.known is None or task.known.fingerprint != content.fingerprint:
                    written, removed = write(cursor, task, content, self._work.load_id)
                else:  # the pages were rewritten, the rows are the same
                    written = removed = 0
                    note_pages(cursor, task)
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
