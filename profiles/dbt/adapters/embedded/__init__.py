"""A dbt adapter for the embedded engine: PostgreSQL's own, with credentials that the engine hands out.

Port and password are made anew by the engine and stand in a file of its own, so a profile cannot
hold them. They are asked for when the first connection opens; parsing a project starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dbt.adapters.base import AdapterPlugin
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt.adapters.postgres.impl import PostgresAdapter
from dbt_common.exceptions import DbtRuntimeError

from loader.errors import UserError
from loader.target import resolve


@dataclass
class EmbeddedCredentials(PostgresCredentials):
    """Credentials that are empty until the engine runs."""

    host: str = "embedded"
    user: str = "embedded"
    port: int = 0
    password: str = ""

    @property
    def type(self) -> str:
        """The name that profiles.yml uses."""
        return "embedded"


class EmbeddedConnectionManager(PostgresConnectionManager):
    """Opens connections to the engine, which is started if it does not run."""

    TYPE = "embedded"

    @classmethod
    def get_credentials(cls, credentials: EmbeddedCredentials) -> EmbeddedCredentials:
        """Fill in what the running engine says of itself."""
        try:
            found = resolve("embedded")
        except UserError as error:
            raise DbtRuntimeError(str(error)) from error
        return replace(
            credentials,
            host=found.host,
            port=found.port,
            user=found.user,
            password=found.password,
            database=found.database,
            sslmode=found.sslmode,
        )


class EmbeddedAdapter(PostgresAdapter):
    """PostgreSQL's adapter over the engine's connections."""

    ConnectionManager: Any = EmbeddedConnectionManager

    @classmethod
    def type(cls) -> str:
        """The name that profiles.yml uses."""
        return "embedded"


Plugin = AdapterPlugin(
    adapter=EmbeddedAdapter,  # type: ignore[arg-type]  # dbt types the protocol by instance
    credentials=EmbeddedCredentials,
    include_path=str(Path(__file__).parent),
    dependencies=["postgres"],
)
