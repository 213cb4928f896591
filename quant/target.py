"""Where the database is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from quant.errors import InvalidValue

VARIABLES = ("POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD")

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


@dataclass(frozen=True)
class Address:
    """A PostgreSQL database that can be connected to. The password never shows in repr."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: str | None = None

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def uri(self, **options: str) -> str:
        """A libpq connection URI, with the password in it: for drivers, never for people."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        place = f"{quote(self.host, safe='')}:{self.port}/{quote(self.database, safe='')}"
        settled = PARAMETERS | ({"sslmode": self.sslmode} if self.sslmode else {}) | options
        return f"postgresql://{login}@{place}?{urlencode(settled, quote_via=quote)}"


def find(
    host: str | None = None,
    port: int | None = None,
    database: str | None = None,
    user: str | None = None,
    password: str | None = None,
) -> Address:
    """The database of these arguments; what is not given comes from POSTGRES_HOST, _PORT, _DB, _USER, _PASSWORD.

    Without any of them, or when `QUANT_TARGET` says `embedded`, it is the embedded engine, which is started if it is
    not running.

    Raises:
        UserError: for a port that is no number, or an engine that does not start.
    """
    given = (host, port, database, user, password)
    chosen = os.environ.get("QUANT_TARGET")
    configured = any(os.environ.get(name) for name in VARIABLES)
    if all(value is None for value in given) and (chosen == "embedded" or (chosen is None and not configured)):
        from loader import embedded  # the engine and its folder; nothing else of the loader

        endpoint = embedded.ensure_running()
        login = (endpoint.host, endpoint.port, endpoint.database, endpoint.user, endpoint.password)
        return Address(*login, sslmode="disable")
    said = str(port or os.environ.get("POSTGRES_PORT") or 5432)
    if not said.isdigit():
        raise InvalidValue(f"The port (POSTGRES_PORT) is {said!r}: set it to a number such as 5432.")
    return Address(
        host or os.environ.get("POSTGRES_HOST") or "localhost",
        int(said),
        database or os.environ.get("POSTGRES_DB") or "quant_platform",
        user or os.environ.get("POSTGRES_USER") or "postgres",
        os.environ.get("POSTGRES_PASSWORD", "") if password is None else password,
        os.environ.get("POSTGRES_SSLMODE") or None,
    )
