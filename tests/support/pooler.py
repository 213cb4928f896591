"""PgBouncer in transaction mode before a test's server."""

from __future__ import annotations

import dataclasses
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from quant.errors import UserError
from quant.target import Target
from tests.support.native import give, ordinary_user

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
MISSING = "there is no pgbouncer here: install Debian's package pgbouncer"


@contextmanager
def pooled(target: Target) -> Iterator[Target]:
    """The same database through a pooler that hands its connections from client to client after each transaction."""
    assert PROGRAM
    user = ordinary_user()
    room = Path(tempfile.mkdtemp(prefix="quant-pooler-"))
    give(room)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = int(free.getsockname()[1])
    server = f"host={target.host} port={target.port} user={target.user} password={target.password}"
    configuration = room / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n{target.database} = {server}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = transaction\nlogfile = {room / 'log'}\n"
    )
    configuration.chmod(0o644)
    process = subprocess.Popen([PROGRAM, "-q", str(configuration)], user=user, stderr=subprocess.DEVNULL)
    through = dataclasses.replace(target, port=port)
    try:
        _wait(through, process)
        yield through
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(room, ignore_errors=True)


def _wait(through: Target, process: subprocess.Popen[bytes]) -> None:
    while True:
        assert process.poll() is None, "pgbouncer did not start"
        try:
            through.connect("tests", pooled=True).close()
        except UserError:
            time.sleep(0.05)
        else:
            return
