"""A process that has imported what the commands import, and forks one for each run: a run costs no imports.

Everything else of a run is a command's own: process, environment, folder, arguments, output and exit code.
"""

from __future__ import annotations

import array
import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

from quant.paths import PROJECT

# Libraries only: a command has its own modules for the first time, as always.
LIBRARIES = (
    "adbc_driver_postgresql.dbapi",
    "dbt.cli.main",
    "dbt.task.build",
    "dbt.task.run_operation",
    "dbt.adapters.postgres",
    "dlt",
    "dlt.pipeline.pipeline",
    "great_expectations",
    "numpy",
    "psycopg2.extras",
    "pyarrow",
    "yaml",
)


def run(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE` or a console script of this environment in the project's root."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _server().run(words, environment, out.fileno(), err.fileno())
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode().replace("\r\n", "\n"))
    return subprocess.CompletedProcess(list(words), code, *texts)


class Server:
    """The process that forks."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()], cwd=PROJECT
        )
        theirs.close()
        self.socket = ours
        self.answers = ours.makefile("rb")
        self.turn = threading.Lock()
        atexit.register(self.close)

    def run(self, words: Sequence[str], environment: Mapping[str, str], out: int, err: int) -> int:
        """The exit code of a command."""
        asked = json.dumps({"words": list(words), "environment": dict(environment)}).encode()
        files = array.array("i", [out, err])
        with self.turn:
            self.socket.sendmsg([len(asked).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
            self.socket.sendall(asked)
            answer = self.answers.readline()
        assert answer, "the process that forks has ended"
        return int(answer)

    def close(self) -> None:
        self.answers.close()
        self.socket.close()
        self.process.wait()


@cache
def _server() -> Server:
    return Server()


def serve(connection: socket.socket) -> None:
    """Fork for each command that is asked for, until the other side is gone."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    while True:
        head, descriptors, _, _ = socket.recv_fds(connection, 8, 2)
        if not head:
            return
        length = int.from_bytes(head, "big")
        asked = json.loads(connection.recv(length, socket.MSG_WAITALL))
        child = os.fork()
        if not child:
            connection.close()
            become(asked["words"], asked["environment"], *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(words: list[str], environment: dict[str, str], out: int, err: int) -> NoReturn:
    """Be that command."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    code: object = 1
    try:
        if words[0] == "python":
            sys.argv = list(words[2:])
            runpy.run_module(words[2], run_name="__main__", alter_sys=True)
        else:
            script = Path(sys.executable).with_name(words[0])
            sys.argv = [str(script), *words[1:]]
            runpy.run_path(str(script), run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    ended(code)


def ended(code: object) -> NoReturn:
    """Leave as the interpreter does: threads waited for, handlers run, output written."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0 if code is None else code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
