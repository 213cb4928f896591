"""The engine's folder: what it keeps there, who may read it, and who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from quant import environment
from quant.errors import UserError
from quant.paths import DATA

HOST = "127.0.0.1"
DATABASE = "quant_platform"
USER = "quant"


@dataclass(frozen=True)
class Endpoint:
    """Where the engine listens and how to come in. The password never shows in repr."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    pid: int

    @property
    def dsn(self) -> str:
        """A libpq connection string, with the password in it: for drivers, never for people."""
        return (
            f"host={self.host} port={self.port} dbname={self.database} user={self.user} "
            f"password={self.password} sslmode=disable"
        )


def engine_folder(given: Path | None = None) -> Path:
    """The folder given, else `QUANT_EMBEDDED_DIR`, else `data/embedded` of the project."""
    chosen = given or environment.get("QUANT_EMBEDDED_DIR") or DATA / "embedded"
    return Path(chosen).expanduser().absolute()


def make_folder(folder: Path) -> None:
    """Makes the folder, for its owner only. One that somebody else uses is left as it is.

    Raises:
        UserError: when it cannot be made or written to, or holds what no engine has put there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_ours(folder):
            raise UserError(
                f"The folder {folder} holds something that the embedded engine did not put there, and nothing in it "
                "was touched: name an empty folder, or one that does not exist yet, in QUANT_EMBEDDED_DIR."
            )
        folder.chmod(0o700)
    except OSError as error:
        raise UserError(
            f"The engine's folder {folder} cannot be used: {error.strerror}. Name another one in QUANT_EMBEDDED_DIR."
        ) from error


def _is_ours(folder: Path) -> bool:
    """Whether the folder is empty, or an engine has made what is in it, be it half: a kill comes at any moment."""
    cluster = folder / "pgdata"
    if cluster.exists():
        return (cluster / "quant_ready").is_file()
    if (folder / "connection.json").exists():
        with suppress(UserError):
            return read_connection(folder) is not None
        return False
    # What a start puts there before the connection.
    return all(path.name in ("starting.lock", "connection.json.new") and path.is_file() for path in folder.iterdir())


def read_connection(folder: Path) -> Endpoint | None:
    """What `connection.json` of the folder says, or None when there is none yet.

    Raises:
        UserError: when the file cannot be read as what it should be.
    """
    path = folder / "connection.json"
    try:
        return Endpoint(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} cannot be read ({error}). Remove it: the next start writes a new one, with a new password."
        ) from error


def write_connection(folder: Path, endpoint: Endpoint) -> None:
    """Writes `connection.json` at once or not at all, readable by its owner only.

    Raises:
        UserError: when it cannot be written.
    """
    path = folder / "connection.json"
    draft = folder / "connection.json.new"
    try:
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(endpoint), file, indent=2)
        draft.replace(path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror}. Free some room, or name another folder in QUANT_EMBEDDED_DIR."
        ) from error


def next_connection(known: Endpoint | None) -> Endpoint:
    """The endpoint to start with: the one of last time, on another port if its own was taken meanwhile."""
    if known is None:
        return Endpoint(HOST, _free_port(), DATABASE, USER, secrets.token_urlsafe(24), 0)
    return replace(known, port=known.port if _is_free(known.port) else _free_port(), pid=0)


@contextmanager
def only_one_starts(folder: Path) -> Iterator[None]:
    """Holds off other processes that want to start this engine, until the block is left."""
    with open(folder / "starting.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def take_lock(folder: Path) -> int | None:
    """Takes the lock that a running engine holds.

    The lock belongs to the open file, so handing the descriptor to the engine's process makes it last exactly as long
    as that process, however it ends.

    Returns:
        The open file descriptor, or None when an engine runs in this folder.
    """
    descriptor = os.open(folder / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_running(folder: Path) -> bool:
    """Whether an engine holds this folder."""
    if not (folder / "engine.lock").exists():
        return False
    descriptor = take_lock(folder)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
