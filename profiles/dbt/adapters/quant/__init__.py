"""The project's dbt adapter: PostgreSQL's own, over the connections that loader and checkpoint make, too.

So time-outs, the search path and who watches over a wait stand in one place. Port and password of the embedded engine
are made anew by the engine, so a profile cannot hold them: they are asked for when the first connection opens. Parsing
a project starts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from dbt.adapters.base import AdapterPlugin, available
from dbt.adapters.postgres.impl import PostgresAdapter
from dbt.adapters.quant.connections import QuantConnectionManager, QuantCredentials
from dbt_common.exceptions import DbtRuntimeError
from dbt_common.invocation import get_invocation_id

from quant.errors import UserError
from quant.server import extension, removal, requirements, rights
from quant.text import literal

T = TypeVar("T")


class QuantAdapter(PostgresAdapter):
    """PostgreSQL's adapter, and what macros ask of the project's Python."""

    ConnectionManager: Any = QuantConnectionManager
    _known: tuple[str, dict[str, Any]] = ("", {})

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

    @available
    def known(self) -> dict[str, Any]:
        """What macros ask the database once a run, by names of theirs; empty at its start."""
        run = get_invocation_id()
        if self._known[0] != run:
            self._known = run, {}
        return self._known[1]

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
