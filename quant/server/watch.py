"""Watches over what a command waits for on its server, so that nobody waits in silence or for ever.

Every few seconds it asks over a second connection: does the server answer, what do this process's sessions wait for,
and who is in the way. A long statement that works is no wait. Keepalives alone do not see a stalled proxy, whose kernel
answers them; the second connection does, and so does a session that is idle on the server while we wait for its answer.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from weakref import WeakSet

import psycopg2
from psycopg2 import extensions as psycopg

from quant import environment
from quant.errors import COULD_NOT_RUN, UserError
from quant.progress import say
from quant.server.inquiry import PATIENCE, Inquiry, LockWait, Seen, Unanswered
from quant.target import Target, session_name

INTERVAL = 5.0  # seconds between two questions, at most a sixth of the limit
NOTICE = 10.0  # seconds after which a wait is told, at most a third of it
LIMIT = 120  # seconds after which a wait ends
VARIABLE = "QUANT_WAIT_LIMIT"
GRACE = 10.0  # seconds in which the command has to end by itself once its connections are cut

_sessions: WeakSet[psycopg.connection] = WeakSet()
_awaited: set[int] = set()


def register(connection: psycopg.connection) -> None:
    """Have a connection watched: whether it waits for an answer can be seen from outside."""
    _sessions.add(connection)


@contextmanager
def awaited() -> Iterator[None]:
    """Around a call of a driver that cannot be asked whether it waits."""
    thread = threading.get_ident()
    _awaited.add(thread)
    try:
        yield
    finally:
        _awaited.discard(thread)


def wait_limit(given: int | None = None) -> int:
    """The seconds after which a wait ends: those given, else `QUANT_WAIT_LIMIT`, else two minutes.

    Raises:
        UserError: when the variable holds no number of seconds.
    """
    chosen = environment.get(VARIABLE) or str(LIMIT)
    if given is None and not (chosen.isdigit() and int(chosen)):
        raise UserError(f"{VARIABLE} is {chosen!r}, which is no number of seconds: set it to one such as {LIMIT}.")
    return given or int(chosen)


def notice(limit: float) -> float:
    """The seconds after which a wait is told that ends after so many."""
    return min(NOTICE, limit / 3)


class Watch:
    """Looks after the connections of this process to one target.

    A wait for a lock that lasts too long ends its statement alone, or else the whole command.

    Attributes:
        sentence: why everything has to end, once it has.
        cancelled: why a statement was cancelled, by the session's process on the server.
    """

    def __init__(self, target: Target, application: str, limit: int, by_statement: bool = False) -> None:
        self.sentence = ""
        self.cancelled: dict[int, str] = {}
        self._target, self._limit, self._by_statement = target, limit, by_statement
        self._interval, self._notice = min(INTERVAL, limit / 6), notice(limit)
        self._inquiry = Inquiry(target, session_name(application))
        self._over = threading.Event()
        self._told: set[str] = set()
        self._progress: str | None = None
        self._still = 0.0  # since when nothing goes on, by the clock that does not count a suspended machine
        threading.Thread(target=self._run, daemon=True, name="watch").start()

    @property
    def why(self) -> str:
        """Why something was ended; empty when nothing was."""
        return self.sentence or next(iter(self.cancelled.values()), "")

    def close(self) -> None:
        """Stop watching."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._interval):
            if not _waiting():
                self._progress = None
                continue
            with suppress(psycopg2.Error):  # it answers: that there is no connection left for us, say
                try:
                    self._judge(self._inquiry.look())
                except Unanswered:
                    self._stalled("", f"The target {self._target} has not answered")
        self._inquiry.close()

    def _judge(self, seen: Seen) -> None:
        for wait in seen.waits:
            if wait.seconds >= self._notice:
                self._waits(wait)
        if seen.working or seen.waits:
            self._progress = None
        else:
            self._stalled(seen.progress, f"The target {self._target} has done our work, and has not answered")

    def _waits(self, wait: LockWait) -> None:
        who = f"{wait.thing}, which {wait.holders or 'nobody that can be seen'} has"
        if wait.seconds < self._limit:
            self._tell(who, f"Waiting for {who}. This ends after {self._limit} s ({VARIABLE}); see that it lets go.")
            return
        sentence = f"Waited {wait.seconds:.0f} s for {who}: see that it lets go, and run again."
        self.cancelled[wait.pid] = sentence
        self._inquiry.cancel(wait.pid)
        if not self._by_statement or not wait.pid:
            self._cut(sentence)

    def _stalled(self, progress: str, what: str) -> None:
        if progress != self._progress:
            self._progress, self._still = progress, time.monotonic() - (0 if progress else self._interval + PATIENCE)
            if progress:  # a first look: it may have been done in this moment
                return
        seconds = time.monotonic() - self._still
        if seconds + self._interval + PATIENCE < self._limit:  # the next answer may not come, too
            if seconds >= self._notice:
                self._tell(what, f"{what} for {seconds:.0f} s. This ends after {self._limit} s ({VARIABLE}).")
        else:
            self._cut(f"{what} for {seconds:.0f} s: see the network and the server, and run again.")

    def _tell(self, matter: str, line: str) -> None:
        if matter not in self._told:
            self._told.add(matter)
            say(line)

    def _cut(self, sentence: str) -> None:
        """End what waits, by its connections; and if that ends nothing, the process."""
        self.sentence = sentence
        for connection in list(_sessions):
            with suppress(psycopg2.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
        if not self._over.wait(GRACE):
            say(sentence)
            os._exit(COULD_NOT_RUN)


def _waiting() -> bool:
    """Whether any connection of this process waits for an answer."""
    states = (one.info.transaction_status for one in list(_sessions) if not one.closed)
    return bool(_awaited) or psycopg.TRANSACTION_STATUS_ACTIVE in states


@contextmanager
def watching(target: Target, application: str, limit: int) -> Iterator[Watch]:
    """Watch over the block; what ends it because it waited too long says for what.

    Raises:
        UserError: instead of the error of a statement that was cancelled, or of a connection that was cut.
    """
    watch = Watch(target, application, limit)
    try:
        try:
            yield watch
        except Exception as error:
            if watch.why:
                raise UserError(watch.why) from error
            raise
        if watch.why:  # a library has kept the error to itself
            raise UserError(watch.why)
    finally:
        watch.close()
