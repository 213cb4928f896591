"""The project's dbt adapter: PostgreSQL's own, over the connections that loader and checkpoint make, too.

So time-outs, the search path and who watches over a wait stand in one place. Port and password of the embedded engine
are made anew by the engine, so a profile cannot hold them: they are asked for when the first connection opens. Parsing
a project starts nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import psycopg2
import psycopg2.extensions
from dbt.adapters.base import AdapterPlugin, available
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt.adapters.postgres.impl import PostgresAdapter
from dbt.adapters.quant.rehearsal import Rehearsal
from dbt_common.exceptions import DbtDatabaseError, DbtRuntimeError

from quant.errors import UserError
from quant.literals import literal
from quant.progress import say
from quant.server import extension, removal, requirements, rights
from quant.server.lock import BUILD, Held, held
from quant.server.watch import Watch, wait_limit
from quant.target import Target, resolve

BUILDER = "quant build"  # its name on the server
T = TypeVar("T")
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
    opening: ClassVar[threading.Lock] = (
        threading.Lock()
    )  # dbt's threads connect at once; there is one watch, one rehearsal

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
            return cls.rehearsal or cls.connected(target)

        return cls.retry_connection(connection, connect=connect, logger=logger, retryable_exceptions=[])

    @staticmethod
    def connected(target: Target) -> psycopg2.extensions.connection:
        """A connection of a build."""
        made = target.connect(BUILDER)
        with made.cursor() as cursor:
            cursor.execute("set jit = off")  # it compiles for a second what runs as fast without it
        made.commit()
        return made

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
        if self.rehearsal:
            self.rehearsal.connection.close()  # which rolls it back
        self.locks.close()
        if self.watch:
            self.watch.close()
            type(self).watch = None


class QuantAdapter(PostgresAdapter):
    """PostgreSQL's adapter, and what macros ask of the project's Python."""

    ConnectionManager: Any = QuantConnectionManager

    @classmethod
    def type(cls) -> str:
        """The name that profiles.yml uses."""
        return "quant"

    @available
    def timescaledb(self) -> str:
        """The schema of TimescaleDB's functions, quoted.

        Raises:
            DbtRuntimeError: when a name in it may mean somebody else's function.
        """
        return self._asked(extension.QUERY, extension.schema)

    @available
    def begin_build(self) -> None:
        """Keep other builds of this database out until this one ends, and wait for one that is at work.

        Raises:
            DbtRuntimeError: when that one is still at work when waiting ends.
        """
        if self.ConnectionManager.rehearsal is None:
            self.ConnectionManager.keep_others_out(self.config.credentials.target())

    @available
    def check_target(self, relations: list[str]) -> None:
        """See that the target can carry a build, before anything is made.

        Args:
            relations: what the build reads and makes, each with its schema.

        Raises:
            DbtRuntimeError: in a sentence with the cure, when it cannot.
        """
        self._asked(requirements.query(relations), lambda rows: requirements.judge_build(rows, self._where))
        login = self.config.credentials.user
        self._asked(rights.query(relations), lambda rows: rights.judge(rows, "build", login, self._where))

    @available
    def check_loaded(self) -> None:
        """See that there is something to build from.

        Raises:
            DbtRuntimeError: when there is not.
        """
        self._asked(requirements.LOADED, lambda rows: requirements.judge_loaded(rows, self._where))

    @available
    def check_removal(self, tables: list[list[str]], permitted: list[str]) -> None:
        """See that no great part of a table would be removed, before anything is.

        Args:
            tables: of public, each with the table of raw that fills it.
            permitted: of which any number of rows may go.

        Raises:
            DbtRuntimeError: when it would.
        """
        pairs = ", ".join(f"({literal(name)}, {literal(source)})" for name, source in tables)
        _, present = self.execute(removal.PRESENT.format(pairs=pairs), fetch=True)
        asked = [
            removal.REMOVED.format(name=literal(name), table=self.quote(name), source=self.quote(source))
            for name, source in present.rows
        ]
        if asked:
            judge = removal.judge_build
            self._asked(" union all ".join(asked), lambda rows: judge(rows, permitted, self._where))

    @property
    def _where(self) -> str:
        return f"{self.config.target_name} ({self.config.credentials.database})"

    def _asked(self, query: str, judge: Callable[[Sequence[Any]], T]) -> T:
        _, found = self.execute(query, fetch=True)
        try:
            return judge(found.rows)
        except UserError as error:
            self.execute("rollback")  # dbt commits when a hook fails
            raise DbtRuntimeError(str(error)) from error


Plugin = AdapterPlugin(
    adapter=QuantAdapter,  # type: ignore[arg-type]  # dbt types the protocol by instance
    credentials=QuantCredentials,
    include_path=str(Path(__file__).parent),
    dependencies=["postgres"],
)
