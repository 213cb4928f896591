"""Which database it is: the embedded engine or a server.

`QUANT_TARGET` chooses for loader, dbt and checkpoint, which all ask here, so that they can never disagree
(`embedded` is the default); programs may name a server by its host and port instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from quant import environment
from quant.errors import InvalidValue, UserError, in_one_line
from quant.progress import say

if TYPE_CHECKING:
    import psycopg2.extensions
    import sqlalchemy

LOADER, CHECKPOINT = "quant loader", "quant checkpoint"  # their names on the server
TARGETS = ("embedded", "server")
REQUIRED = ("POSTGRES_HOST", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD")

# Nothing that another role has made is found by a bare name: no table, and no function whose arguments fit better than
# those of PostgreSQL's own. Our tables and TimescaleDB's functions are named with their schema.
SEARCH_PATH = "pg_catalog, pg_temp"

# Seconds and, for the last one, milliseconds: a server that has gone is noticed within two minutes.
PARAMETERS = {
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "15",
    "keepalives_count": "6",
    "tcp_user_timeout": "120000",
}
# JIT compiles for seconds what runs as fast without it: a statement of the verdict took 20 s instead of one.
# ADBC learns the types at the log-in, and not where their names come quoted.
OF_SESSION = {"options": f"-csearch_path={SEARCH_PATH.replace(' ', '')} -cjit=off -cquote_all_identifiers=off"}


@dataclass(frozen=True)
class Target:
    """A PostgreSQL database that can be connected to. The password never shows in repr or logs."""

    name: str
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: str | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.place})"

    @property
    def place(self) -> str:
        """Whose login where, for people."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def uri(self, application: str = LOADER, pooled: bool = False) -> str:
        """A libpq connection URI, with the password in it: for drivers, never for people.

        Args:
            application: the name by which others see the session on the server.
            pooled: leave out what a pooler refuses at the log-in, the search path.
        """
        return self.uri_with(self._parameters(application, pooled))

    def uri_with(self, parameters: Mapping[str, str]) -> str:
        """The same with parameters of libpq's, beside those that every session has."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        place = f"{quote(self.host, safe='')}:{self.port}/{quote(self.database, safe='')}"
        return f"postgresql://{login}@{place}?{urlencode({**self._settled, **parameters}, quote_via=quote)}"

    def url(self, application: str = LOADER, driver: str = "postgresql+psycopg2") -> sqlalchemy.URL:
        """The same as a SQLAlchemy URL, which masks the password when printed."""
        import sqlalchemy

        return sqlalchemy.URL.create(
            driver,
            username=self.user,
            password=self.password,
            host=self.host,
            port=self.port,
            database=self.database,
            query=self._parameters(application),
        )

    @property
    def _settled(self) -> dict[str, str]:
        return PARAMETERS | ({"sslmode": self.sslmode} if self.sslmode else {})

    def _parameters(self, application: str, pooled: bool = False) -> dict[str, str]:
        """What every driver is told, whatever a role or a database has set."""
        return (
            self._settled
            | {"application_name": session_name(application or "program")}
            | ({} if pooled or not application else OF_SESSION)
        )

    def connect(self, application: str = "", pooled: bool = False) -> psycopg2.extensions.connection:
        """A new psycopg2 connection.

        Args:
            application: the name by which others see the session on the server. Without one it is a plain session, for
                whoever tries something: names are found by the role's own search path.
            pooled: through a pooler in transaction mode, too: each transaction sets its own search path.

        Raises:
            UserError: when the server does not answer or refuses the login.
        """
        import psycopg2

        from quant.server import watch
        from quant.server.pooled import TransactionCursor

        try:
            made = psycopg2.connect(self.uri(application, pooled))
            watch.register(made)
            if pooled:
                made.cursor_factory = TransactionCursor
            return made
        except psycopg2.OperationalError as error:
            # One line for each address that was tried; those that begin with a tab only ask whether a server runs.
            tried = [line for line in str(error).strip().splitlines() if not line.startswith("\t")]
            said = "; ".join(dict.fromkeys(tried)).rstrip(".")
            if "startup parameter" in said:
                raise UserError(
                    f"{self} is reached through a pooler that takes no settings of a session ({said}): build and "
                    "checkpoint need the server itself, name it in POSTGRES_HOST and POSTGRES_PORT."
                ) from error
            cure = (
                "See `python -m loader.embedded status`."
                if self.name == "embedded"
                else "Check POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD."
            )
            raise UserError(f"The target {self} cannot be reached: {said}. {cure}") from error

    @contextmanager
    def connected(self) -> Iterator[psycopg2.extensions.connection]:
        """A connection for the block; what the server refuses meanwhile, or its end, becomes a sentence.

        Raises:
            UserError: instead of psycopg2's errors.
        """
        import psycopg2

        connection = self.connect(LOADER, pooled=True)
        try:
            yield connection
        except psycopg2.Error as error:
            raise UserError(
                f"The target {self} stopped the work: {in_one_line(error)}. What was finished is in the ledger; mend "
                "the cause and run again."
            ) from error
        finally:
            connection.close()


def session_name(application: str) -> str:
    """What the sessions of this process are called on the server: its own are found by it, and it is found by them."""
    return f"{application} {os.getpid()}"


def resolve(name: str | None = None) -> Target:
    """The target of that name, or the one that `QUANT_TARGET` names.

    `embedded` is started, and that is said, if it is not running.

    Raises:
        UserError: for an unknown name, a missing variable, or an engine that does not start.
    """
    chosen = name or environment.get("QUANT_TARGET") or "embedded"
    if chosen == "embedded":
        return _embedded(say)
    if chosen == "server":
        return _server()
    raise UserError(f"There is no target {chosen!r}: choose one of {', '.join(TARGETS)} (--target or QUANT_TARGET).")


def _server() -> Target:
    told = {name: environment.get(name) or "" for name in REQUIRED}
    missing = [name for name, value in told.items() if not value]
    if missing:
        raise UserError(
            f"The target server needs {', '.join(missing)} in the environment or in .env: set it and run again."
        )
    return Target(
        "server",
        told["POSTGRES_HOST"],
        port_of(environment.get("POSTGRES_PORT")),
        told["POSTGRES_DB"],
        told["POSTGRES_USER"],
        told["POSTGRES_PASSWORD"],
        environment.get("POSTGRES_SSLMODE"),
    )


def _embedded(told: Callable[[str], None] | None = None) -> Target:
    import embedded

    there = embedded.ensure_running(say=told)
    return Target("embedded", there.host, there.port, there.database, there.user, there.password, "disable")


def find(
    host: str | None = None,
    port: int | None = None,
    database: str | None = None,
    user: str | None = None,
    password: str | None = None,
) -> Target:
    """The database of these arguments; what is not given comes from POSTGRES_HOST, _PORT, _DB, _USER, _PASSWORD.

    Without any of them, or when `QUANT_TARGET` says `embedded`, it is the embedded engine, which is started if it is
    not running.

    Raises:
        UserError: for a port that is no number, or an engine that does not start.
    """
    given = (host, port, database, user, password)
    chosen = environment.get("QUANT_TARGET")
    configured = any(environment.get(name) for name in (*REQUIRED, "POSTGRES_PORT"))
    if all(value is None for value in given) and (chosen == "embedded" or (chosen is None and not configured)):
        return _embedded()
    return Target(
        "server",
        host or environment.get("POSTGRES_HOST") or "localhost",
        port_of(port or environment.get("POSTGRES_PORT")),
        database or environment.get("POSTGRES_DB") or "quant_platform",
        user or environment.get("POSTGRES_USER") or "postgres",
        environment.get("POSTGRES_PASSWORD") or "" if password is None else password,
        environment.get("POSTGRES_SSLMODE"),
    )


def port_of(said: object, variable: str = "POSTGRES_PORT") -> int:
    """A port that was given, or PostgreSQL's own.

    Raises:
        InvalidValue: for what is no number.
    """
    if not str(said or 5432).isdigit():
        raise InvalidValue(f"The port ({variable}) is {said!r}: set it to a number such as 5432.")
    return int(str(said or 5432))
