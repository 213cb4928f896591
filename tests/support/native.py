"""A native PostgreSQL server for tests: the one that POSTGRES_HOST names, else one started from what is installed."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quant.target import Target, resolve

PLAIN = """
max_worker_processes = 32
max_connections = 60
shared_buffers = 512MB
fsync = off
listen_addresses = '127.0.0.1'
"""
WITH_TIMESCALEDB = f"""{PLAIN}
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
timescaledb.max_background_workers = 8
"""
# TimescaleDB 2.12 moved them from one schema to another; a schema that is not there is passed over.
THEIR_FUNCTIONS = "set search_path = _timescaledb_functions, _timescaledb_internal"


def programs() -> list[Path]:
    """The folders of PostgreSQL's programs on this machine: that on PATH, then Debian's, newest first."""
    debian = sorted((found.parent for found in Path("/usr/lib/postgresql").glob("*/bin/initdb")), reverse=True)
    chosen = shutil.which("initdb")  # where a machine has a link to it, the others are not beside the link
    return list(dict.fromkeys([Path(chosen).resolve().parent, *debian])) if chosen else debian


def with_timescaledb() -> Path | None:
    """The first of those that have TimescaleDB beside them."""
    return next((folder for folder in programs() if (_extensions(folder) / "timescaledb.control").exists()), None)


def versions() -> list[str]:
    """Those of TimescaleDB that are installed beside them, oldest first: several can be at once."""
    folder = with_timescaledb()
    scripts = _extensions(folder).glob("timescaledb--*.sql") if folder else ()
    found = (re.fullmatch(r"timescaledb--(\d+)\.(\d+)\.(\d+)\.sql", script.name) for script in scripts)
    return [".".join(map(str, version)) for version in sorted(tuple(map(int, name.groups())) for name in found if name)]


def _extensions(programs: Path) -> Path:
    asked = subprocess.run([programs / "pg_config", "--sharedir"], capture_output=True, text=True, check=True)
    return Path(asked.stdout.strip()) / "extension"


@contextmanager
def server() -> Iterator[Target | None]:
    """A server on which databases may be made, or None where there is none."""
    if os.environ.get("POSTGRES_HOST"):
        yield resolve("server")
    elif folder := with_timescaledb():
        with started(folder, WITH_TIMESCALEDB) as target:
            yield target
    else:
        yield None


@contextmanager
def started(programs: Path, settings: str, standby: bool = False) -> Iterator[Target]:
    """A new server of those programs, removed at the end; a standby waits for a primary that it never had."""
    user = ordinary_user()
    room = Path(tempfile.mkdtemp(prefix="quant-native-"))
    try:
        give(room)
        (room / "password").write_text("secret")
        (room / "password").chmod(0o644)
        data = room / "data"

        def run(name: str, *arguments: str) -> None:
            # PostgreSQL's own programs refuse root.
            done = subprocess.run(
                [programs / name, *arguments], user=user, cwd=room, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"

        run(
            "initdb",
            "-D",
            str(data),
            "-U",
            "quant",
            f"--pwfile={room / 'password'}",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
        )
        port = free_port()
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"{settings}port = {port}\nunix_socket_directories = '{room}'\n")
        if standby:
            (data / "standby.signal").touch()
            give(data / "standby.signal")
        run("pg_ctl", "-D", str(data), "-l", str(room / "log"), "-w", "start")
        try:
            yield Target("server", "127.0.0.1", port, "postgres", "quant", "secret")
        finally:
            if server_runs(data):  # a test may have killed it
                run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(room, ignore_errors=True)


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def server_runs(data: Path) -> bool:
    """Whether the server of that folder is alive."""
    try:
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), 0)
    except (OSError, ValueError):
        return False
    return True


def ordinary_user() -> str | None:
    """Somebody other than root to run a server as; None keeps the present user."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def give(path: Path) -> None:
    """Make a file or a folder that user's."""
    if user := ordinary_user():
        shutil.chown(path, user)


@contextmanager
def database(on: Target, name: str, version: str | None = None) -> Iterator[Target]:
    """An empty database with TimescaleDB, the server's default version or another, dropped at the end."""
    assert re.fullmatch(r"[a-z_0-9]+", name)
    target = Target("server", on.host, on.port, name, on.user, on.password, on.sslmode)

    def administer(*statements: str) -> None:
        connection = on.connect("tests")
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    administer(f"drop database if exists {name} with (force)", f"create database {name}")
    try:
        connection = target.connect("tests")
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "create extension if not exists timescaledb schema public"
                + (f" version '{version}'" if version else "")
            )
            # A job that starts by itself in the middle of a test would change what the test looks at; only a
            # superuser may stop them, and the policies wait for the next night anyway.
            cursor.execute("select rolsuper from pg_roles where rolname = current_user")
            if cursor.fetchone() == (True,):
                cursor.execute(f"{THEIR_FUNCTIONS}; select stop_background_workers()")
        connection.close()
        yield target
    finally:
        administer(f"drop database if exists {name} with (force)")
