"""Settings that come from the environment, and the one place that reads `.env`.

An option of a command wins over a variable of the environment, that over `.env`, and that over the default. An empty
variable counts as none, but it keeps `.env` from setting it. One `.env` is read: that of the current folder, else that
of the project. `QUANT_ENV_FILE` names another one, or none when it is empty.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FILE = "QUANT_ENV_FILE"
PATHS = ("SPOCK_SQLITE", "QUANT_EMBEDDED_DIR")  # in `.env`, relative to its folder
VARIABLES = {
    "QUANT_TARGET": "embedded (the default) or server",
    "SPOCK_SQLITE": "the SQLite file; data/spock_local.db of the project by default",
    "POSTGRES_HOST": "of the target server",
    "POSTGRES_PORT": "5432 by default",
    "POSTGRES_DB": "the database",
    "POSTGRES_USER": "the login",
    "POSTGRES_PASSWORD": "its password",
    "POSTGRES_SSLMODE": "as libpq has it: prefer by default, verify-full is safest",
    "POSTGRES_READ_HOSTS": "standbys to read from, as host or host:port, with commas between",
    "POSTGRES_READ_LAG": "seconds by which such a standby may lag; 60 by default",
    "QUANT_WAIT_LIMIT": "seconds after which waiting for a lock or an answer ends; 120 by default",
    "QUANT_REMOVAL_LIMIT": "percent of a table's rows that may vanish without being asked for; 5 by default",
    "QUANT_ALLOW_REMOVAL": "tables of which any number of rows may vanish, with commas between",
    "QUANT_FACTORS": "false leaves the factors out of builds; true by default",
    "QUANT_EMBEDDED_DIR": "folder of the embedded engine; data/embedded of the project by default",
    "QUANT_EMBEDDED_IDLE_MINUTES": "without a client, after which the embedded engine stops; 60 by default",
    "QUANT_EMBEDDED_IDLE_IN_TRANSACTION_MINUTES": "after which it rolls an idle transaction back; 10 by default",
}


def get(name: str) -> str | None:
    """The value of one of `VARIABLES`; None where it is not set, or empty."""
    if name not in VARIABLES:
        raise KeyError(f"{name} is no setting of this project: add it to quant.environment.VARIABLES.")
    load()
    return os.environ.get(name) or None


@cache
def load() -> Path | None:
    """Put what `.env` says into the environment, where that does not say it already; once in a process.

    Returns:
        The file that was read, or None.
    """
    file = find()
    if file:
        for name, value in read(file).items():
            os.environ.setdefault(name, value)
    return file


def find() -> Path | None:
    """The `.env` that counts here, or None."""
    if (named := os.environ.get(FILE)) is not None:
        candidates = [Path(named).expanduser()] if named else []
    else:
        candidates = [Path.cwd() / ".env", PROJECT / ".env"]
    return next((path for path in candidates if path.is_file()), None)


def read(file: Path) -> dict[str, str]:
    """The variables in a file."""
    from dotenv import dotenv_values

    told = {name: value for name, value in dotenv_values(file).items() if value is not None}
    for name in PATHS:
        if told.get(name):
            told[name] = str(file.parent.absolute() / Path(told[name]).expanduser())
    return told
