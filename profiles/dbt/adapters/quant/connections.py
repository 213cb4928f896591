"""The connections of a build: those that loader and checkpoint make, too, watched over, and used by node after node."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import ClassVar

import psycopg2
import psycopg2.extensions
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt.adapters.quant.rehearsal import Rehearsal
from dbt_common.exceptions import DbtDatabaseError, DbtRuntimeError

from quant.errors import UserError
from quant.progress import say
from quant.server.lock import BUILD, Held, held
from quant.server.watch import Watch, wait_limit
from quant.target import Target, resolve

BUILDER = "quant build"  # its name on the server
logger = AdapterLogger("Quant")


@dataclass
class QuantCredentials(PostgresCredentials):
    """Those of a server; without a host, the embedded engine's."""

    host: str = ""
    user: str = ""
    port: int = 0
    password: str = ""

    @property
    def type(self) -> str:
        """The name that profiles.yml uses."""
        return "quant"

    def target(self) -> Target:
        """The database that the loader would take."""
        if not self.host:
            return resolve("embedded")
        return Target("server", self.host, self.port, self.database, self.user, self.password, self.sslmode)


class QuantConnectionManager(PostgresConnectionManager):
    """Opens the project's own connections."""

    TYPE = "quant"

    watch: ClassVar[Watch | None] = None
    rehearsed: ClassVar[bool] = False  # whether a build is only told, and not kept
    rehearsal: ClassVar[Rehearsal | None] = None
    locks: ClassVar[ExitStack] = ExitStack()
    spare: ClassVar[list[psycopg2.extensions.connection]] = []
    # dbt's threads connect at once; there is one watch, one rehearsal
    opening: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Connect, once: what cannot be reached is told at once."""
        if connection.state == "open":
            return connection

        def connect() -> psycopg2.extensions.connection | Rehearsal:
            target = connection.credentials.target()
            with cls.opening:
                cls.watch = cls.watch or Watch(target, BUILDER, wait_limit(), by_statement=True)
                if cls.rehearsed and cls.rehearsal is None:
                    cls.keep_others_out(target)  # before its transaction: the embedded engine serves nobody else then
                    cls.rehearsal = Rehearsal(cls.connected(target))
            return cls.rehearsal or cls.taken_up() or cls.connected(target)

        return cls.retry_connection(connection, connect=connect, logger=logger, retryable_exceptions=[])

    @classmethod
    def connected(cls, target: Target) -> psycopg2.extensions.connection:
        """A connection of a build."""
        return target.connect(BUILDER)

    @classmethod
    def taken_up(cls) -> psycopg2.extensions.connection | None:
        """A connection that a node before has left, where one is alive."""
        while cls.spare:
            left = cls.spare.pop()
            with suppress(psycopg2.Error):  # it was idle for too long, say
                with left.cursor() as cursor:
                    cursor.execute("select")
                left.rollback()
                return left
        return None

    @classmethod
    def _close_handle(cls, connection: Connection) -> None:
        """Leave it to the next node, as new: a session that knows the catalogs plans in a fraction of the time.

        The embedded engine has one session, which is free for others only when nobody is connected.
        """
        handle = connection.handle
        if isinstance(handle, psycopg2.extensions.connection) and connection.credentials.host:
            with suppress(psycopg2.Error):
                handle.rollback()
                if cls.watch:
                    cls.watch.cancelled.pop(handle.info.backend_pid, None)  # no reason of the next node's
                handle.autocommit = True
                with handle.cursor() as cursor:
                    cursor.execute("discard all")
                    # as at a session's end: tests ask the counters who has written, docs/decisions/0017
                    cursor.execute("select pg_stat_force_next_flush()")
                handle.autocommit = False
                cls.spare.append(handle)
                return
        super()._close_handle(connection)

    @contextmanager
    def exception_handler(self, sql: str) -> Iterator[None]:
        """Say for what a statement was cancelled, instead of that it was."""
        try:
            with super().exception_handler(sql):
                yield
        except DbtDatabaseError as error:
            if why := self._why():
                raise DbtRuntimeError(why) from error
            raise

    @classmethod
    def keep_others_out(cls, target: Target) -> None:
        """Take the build's lock, and wait for whoever has it."""
        limit, told = wait_limit(), False
        end = time.monotonic() + limit
        while True:
            try:
                cls.locks.enter_context(held(target, BUILD, BUILDER))
                return
            except Held as other:
                who = f"Another build is at work on {target} ({other})"
                if time.monotonic() > end:
                    raise DbtRuntimeError(f"{who}: waited {limit} s, build again when it is done.") from other
                if not told:
                    say(f"{who}: waiting for its end.")
                told = True
            except UserError as error:
                raise DbtRuntimeError(str(error)) from error
            time.sleep(1)

    def _why(self) -> str:
        handle = self.get_thread_connection().handle
        if self.watch is None or handle is None:
            return ""
        return self.watch.sentence or self.watch.cancelled.pop(handle.info.backend_pid, "")

    def cleanup_all(self) -> None:
        """Close all connections, and end the watch and the build's lock with them."""
        super().cleanup_all()
        while self.spare:
            self.spare.pop().close()
        if self.rehearsal:
            self.rehearsal.connection.close()  # which rolls it back
        self.locks.close()
        if self.watch:
            self.watch.close()
            type(self).watch = None
