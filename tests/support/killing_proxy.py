"""A way to a PostgreSQL server on which a client is killed at an exact point: around the commit of a window."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from contextlib import suppress
from types import TracebackType

from quant.target import Target

ENTRY = b"insert into raw._windows"
PIECE = 1 << 16


class KillingProxy:
    """Listens on a port of 127.0.0.1 and passes everything on, until a window's transaction ends the client.

    A transaction is a window's when it wrote an entry of the ledger. dlt's own commits pass.
    """

    def __init__(self, target: Target) -> None:
        self.server = (target.host, target.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.turn = threading.Lock()
        self.victim: subprocess.Popen[str] | None = None
        self.left = 0
        self.before = True
        self.dead = False
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> KillingProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.listener.close()

    def arm(self, number: int, before: bool) -> None:
        """Kill at the `number`-th commit of a window: before the server hears of it, or after it answered."""
        self.left, self.before, self.dead = number, before, False

    def wait(self, victim: subprocess.Popen[str]) -> int:
        """Let the client run to its end, and the server hear of that; return the exit code."""
        with self.turn:
            self.victim = victim
        code = victim.wait(60)
        for thread in self.threads:
            thread.join(30)
        self.threads.clear()
        return code

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=_Line(self, client).up, daemon=True)
            self.threads.append(thread)
            thread.start()

    def kill(self) -> None:
        """End the client as a power cut would."""
        assert self.victim is not None
        self.victim.send_signal(signal.SIGKILL)
        self.victim.wait()
        self.dead = True


class _Line:
    """One connection of the client."""

    def __init__(self, proxy: KillingProxy, client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(proxy.server)
        self.unheard = False
        self.ended = threading.Event()

    def up(self) -> None:
        """Carry what the client says to the server."""
        threading.Thread(target=self._down, daemon=True).start()
        entered = False
        try:
            while data := self.client.recv(PIECE):
                entered = entered or ENTRY in data
                if entered and data.startswith(b"Q") and b"COMMIT" in data.upper():
                    entered = False
                    if not self._commit(data):
                        break
                else:
                    self.server.sendall(data)
        except OSError:
            pass  # the client is dead: that is what this is for
        _hang_up(self.server)

    def _commit(self, data: bytes) -> bool:
        """Pass a window's commit on, if it is not the one; return whether the client still lives."""
        proxy = self.proxy
        with proxy.turn:
            if proxy.dead:
                return False
            proxy.left -= 1
            if proxy.left == 0 and proxy.before:
                proxy.kill()
                return False
            self.unheard = proxy.left == 0
            self.server.sendall(data)
            if self.unheard:
                self.ended.wait(30)
            return not proxy.dead

    def _down(self) -> None:
        """Carry what the server says to the client."""
        try:
            while data := self.server.recv(PIECE):
                if self.unheard:
                    self.proxy.kill()
                    break
                self.client.sendall(data)
        except OSError:
            pass
        self.ended.set()
        _hang_up(self.client)


def _hang_up(line: socket.socket) -> None:
    """End a connection, also for the thread that waits to read from it."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
