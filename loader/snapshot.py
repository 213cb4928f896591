"""One consistent, private copy of the SQLite file.

The live system may write while we read. Holding a read transaction for the whole load would block a
writer in journal mode, and several readers would each see another state. So the file is copied under
one short read transaction and everything is read from the copy, which nobody writes to: it can be
opened `immutable=1`, without locks and from several threads.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import xxhash

from loader.source import undecoded
from loader.tempdir import temporary_folder
from quant.errors import UserError

MAGIC = b"SQLite format 3\x00"
PREFIX = "spock-snapshot-"  # of the folders with copies
WAL_MODE = 2
PIECE = 1 << 24
ATTEMPTS = 5  # to copy a file that nobody has open
MALFORMED = "malformed database schema"
FINDING = re.compile(  # of integrity_check, about rows that can all be read
    r"\S+ value in |CHECK constraint failed in |row \S+ (missing|values differ) from index |"
    r"wrong # of entries in index |non-unique entry in index |rowid not at end-of-record "
)


@dataclass(frozen=True)
class Snapshot:
    """A private copy of `source`; `digest` is that of the bytes that were copied."""

    source: Path
    path: Path
    digest: str

    @property
    def uri(self) -> str:
        """For sqlite3 (with `uri=True`) and ADBC alike."""
        return f"file:{quote(os.fsencode(self.path))}?mode=ro&immutable=1"

    def connect(self) -> sqlite3.Connection:
        """A read-only connection to the copy."""
        return sqlite3.connect(self.uri, uri=True, check_same_thread=False)


def digest(source: Path) -> str:
    """A fingerprint of the file's bytes and of its write-ahead log: equal digests mean equal content."""
    digester = xxhash.xxh3_128()
    for path in _files(source):
        for piece in _pieces(path):
            digester.update(piece)
    return digester.hexdigest()


def _files(source: Path) -> list[Path]:
    return [source, wal_of(source)] if wal_of(source).exists() else [source]


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def wal_of(source: Path) -> Path:
    """Where SQLite keeps the write-ahead log of that file."""
    return source.with_name(source.name + "-wal")


def check(source: Path) -> int:
    """Look at the file's first bytes before SQLite does, and return the journal mode's version (2 is WAL).

    Raises:
        UserError: missing, a folder, unreadable, empty, not SQLite or encrypted, truncated.
    """
    try:
        if not source.exists():
            raise UserError(f"There is no file {source}: name the SQLite database with --source or SPOCK_SQLITE.")
        if not source.is_file():
            raise UserError(f"{source} is not a file: name the SQLite database itself with --source or SPOCK_SQLITE.")
        with source.open("rb") as file:
            header = file.read(100)
    except PermissionError as error:  # of the file, or of a folder on the way to it
        raise UserError(f"{source} may not be read by this user: give it read permission (chmod u+r).") from error
    if not header:
        raise UserError(f"{source} is empty (0 bytes): it holds no database; check that the copy was finished.")
    if header[:16] != MAGIC:
        raise UserError(f"{source} is not a SQLite 3 database, or it is encrypted: decrypt it or name another file.")
    page = int.from_bytes(header[16:18], "big")
    page = 65536 if page == 1 else page
    pages = int.from_bytes(header[28:32], "big")
    # The page count in the header is only valid when both change counters agree (SQLite file format, 1.3.8).
    if header[24:28] == header[92:96] and source.stat().st_size < page * pages:
        raise UserError(
            f"{source} is truncated: it has {source.stat().st_size:,} bytes of {page * pages:,}; copy it again."
        )
    return header[18]


def _salt(log: Path) -> bytes:
    """The header of a write-ahead log, another one each time that a writer begins it anew."""
    with log.open("rb") as file:
        return file.read(32)


@contextmanager
def open_snapshot(source: Path, folder: Path | None = None) -> Iterator[Snapshot]:
    """Copy the source and yield the copy, removed again at the end.

    Args:
        source: the SQLite file; neither it nor anything beside it is changed.
        folder: where the copy goes; the system's folder for temporary files by default.

    Raises:
        UserError: when the file cannot be read as a SQLite database, or the copy finds no room.
    """
    journal = check(source)
    with temporary_folder(PREFIX, folder) as room:
        copy = room / "snapshot.db"
        try:
            snapshot = Snapshot(source, copy, _copy(source, copy, journal))
        except OSError as error:
            raise UserError(
                f"{source} cannot be copied to {room}: {error.strerror}. Free some room or set TMPDIR."
            ) from error
        _settle(snapshot)
        yield snapshot


def _copy(source: Path, copy: Path, journal: int) -> str:
    """Copy the file, and its log if it has one, while SQLite's own read lock keeps it consistent; return the digest."""
    for _ in range(ATTEMPTS):
        if journal != WAL_MODE or is_open(source):
            break
        # Nobody has it open; opening it, even read-only, would make files beside it.
        with suppress(FileNotFoundError):  # of the log, when somebody has opened and closed it
            copied = _copy_files(source, copy)
            if not is_open(source) and digest(source) == copied:
                return copied
        # Somebody wrote meanwhile: half of the copy may be older than the rest.
        wal_of(copy).unlink(missing_ok=True)
    uri = f"file:{quote(os.fsencode(source.absolute()))}?mode=ro"  # bytes: the name may be none of this locale's
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as reader:
            reader.execute("begin")
            reader.execute("pragma user_version").fetchone()  # takes the lock, and needs no schema
            return _copy_files(source, copy)
    except sqlite3.Error as error:
        raise UserError(
            f"{source} cannot be opened: SQLite says {error}. If a program that wrote to it was killed, open it once "
            "with that program, or with `sqlite3`, and run again."
        ) from error


def is_open(source: Path) -> bool:
    """Whether somebody has a file in WAL mode open; all that do share the index of its log."""
    return source.with_name(source.name + "-shm").exists()


def _copy_files(source: Path, copy: Path) -> str:
    # In one call of the system: piece by piece, each would wait for Python's lock, which imports hold meanwhile.
    shutil.copyfile(source, copy)
    log, copied = wal_of(source), wal_of(copy)
    while log.exists():
        shutil.copyfile(log, copied)
        if _salt(log) == _salt(copied):
            break  # else a writer has begun the log anew meanwhile, and the copy ends amid the old one
    os.chmod(copy, 0o600)
    return digest(copy)


def _settle(snapshot: Snapshot) -> None:
    """Fold a copied write-ahead log into the copy, for an immutable reader looks at the main file alone."""
    with readable(snapshot), closing(sqlite3.connect(snapshot.path)) as connection:
        connection.execute("pragma journal_mode=delete").fetchone()


def quick_check(snapshot: Snapshot) -> list[str]:
    """Let SQLite look over every page of the copy.

    Returns:
        What it finds in sound pages: values that break a rule of their table, rows that an index lacks.

    Raises:
        UserError: when the file is corrupt, or cannot be read.
    """
    with readable(snapshot), closing(snapshot.connect()) as connection:
        if [_told(line) for line in undecoded(connection, "pragma quick_check(1)")] == ["ok"]:
            return []
        # It may be wrong: SQLite 3.40 takes the columns of some tables WITHOUT ROWID for others. All pages come first.
        found = [_told(line) for line in undecoded(connection, "pragma integrity_check")]
    if corrupt := next((line for line in found if line != "ok" and not FINDING.match(line)), None):
        raise damaged(snapshot.source, corrupt)
    return [line for line in found if line != "ok"]


def _told(line: tuple[Any, ...]) -> str:
    return str(line[0].decode(errors="backslashreplace"))


@contextmanager
def readable(snapshot: Snapshot) -> Iterator[None]:
    """Make a sentence of what SQLite says while the copy is read.

    Raises:
        UserError: when the file is corrupt, or needs a function or collation that only its own program has.
    """
    try:
        yield
    except UnicodeDecodeError as error:  # the driver expects UTF-8 of a message that quotes a name of the file
        raise damaged(snapshot.source, error.object.decode(errors="backslashreplace")) from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:
            raise damaged(snapshot.source, error) from error
        raise UserError(
            f"{snapshot.source} cannot be read: SQLite says {error}. What its own program has added to SQLite is not "
            "known here: take the table or column that needs it out of a copy of the file, and load that."
        ) from error


def damaged(source: Path, said: object) -> UserError:
    """The sentence for a corrupt file."""
    told = " ".join(str(said).split())
    if told.startswith(MALFORMED):
        return UserError(
            f"{source} has a schema that SQLite {sqlite3.sqlite_version} cannot read: it says {told}. Load it where "
            "SQLite is as new as the one that wrote it; if that cannot read it either, take a sound copy."
        )
    return UserError(
        f"{source} is damaged: SQLite says {told}. Take a sound copy, or recover it with `sqlite3 … .recover`."
    )
