"""A way to a PostgreSQL server that at some point keeps its connections open and passes nothing on any more."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType

from quant.target import Target

PIECE = 1 << 16


class StallingProxy:
    """Listens on a port of 127.0.0.1; stalls for ever once so many bytes have passed.

    `for_new` says whether connections that are made after that are stalled, too.
    """

    def __init__(self, target: Target, after: int, for_new: bool) -> None:
        self.server = (target.host, target.port)
        self.after, self.for_new, self.passed = after, for_new, 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    def __enter__(self) -> StallingProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.listener.close()
        self.over.set()

    @property
    def stalled(self) -> bool:
        return self.passed > self.after

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.server)
                free = self.stalled and not self.for_new
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(one, other, free), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, free: bool) -> None:
        with suppress(OSError), one, other:
            while data := one.recv(PIECE):
                self.passed += len(data)
                if self.stalled and not free:
                    self.over.wait()
                other.sendall(data)
