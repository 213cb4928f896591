"""The project's dbt adapter: PostgreSQL's own, over the connections that loader and checkpoint make, too.

So time-outs, the search path and who watches over a wait stand in one place. Port and password of the embedded engine
are made anew by the engine, so a profile cannot hold them: they are asked for when the first connection opens. Parsing
a project starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt.adapters.base import AdapterPlugin, available
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt.adapters.postgres.impl import PostgresAdapter
from dbt_common.exceptions import DbtRuntimeError

from loader import extension
from loader.errors import UserError
from loader.target import Target, resolve

BUILD = "quant build"  # its name on the server
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

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Connect, once: what cannot be reached is told at once."""
        if connection.state == "open":
            return connection
        return cls.retry_connection(
            connection,
            connect=lambda: connection.credentials.target().connect(BUILD),
            logger=logger,
            retryable_exceptions=[],
        )


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
        _, found = self.execute(extension.QUERY, fetch=True)
        try:
            return extension.schema(found.rows)
        except UserError as error:
            raise DbtRuntimeError(str(error)) from error


Plugin = AdapterPlugin(
    adapter=QuantAdapter,  # type: ignore[arg-type]  # dbt types the protocol by instance
    credentials=QuantCredentials,
    include_path=str(Path(__file__).parent),
    dependencies=["postgres"],
)
