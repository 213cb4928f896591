"""Standbys that are read instead of their primary, where they have what it has.

`POSTGRES_READ_HOSTS` names them. A standby is near enough if it has replayed all that the primary had written
`POSTGRES_READ_LAG` seconds ago. Both are asked for positions of the log, so no clock has a part in it. Where none is
near enough, the primary is read.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import psycopg2

from quant import environment
from quant.errors import InvalidValue, QuantError, UserError, in_one_line
from quant.pool import Pool
from quant.progress import say
from quant.target import CHECKPOINT, Target, port_of

HOSTS, LAG = "POSTGRES_READ_HOSTS", "POSTGRES_READ_LAG"
DEFAULT_LAG = 60
# Of the primary what is safe on disk, and what a commit that does not wait for the disk has reached. Nothing where the
# server that is named is a standby itself.
WRITTEN = """
    select
        system_identifier,
        case when not pg_is_in_recovery() then (pg_current_wal_flush_lsn() - '0/0')::bigint end,
        case when not pg_is_in_recovery() then (pg_current_wal_insert_lsn() - '0/0')::bigint end
    from pg_control_system()
"""
# Nothing of a server that was promoted: it is another primary.
REPLAYED = """
    select system_identifier, case when pg_is_in_recovery() then (pg_last_wal_replay_lsn() - '0/0')::bigint end
    from pg_control_system()
"""
EVERY = 1.0  # seconds between two looks at how far the servers are
AWAY = 30.0  # seconds in which a standby that cannot be asked is left alone
PATIENCE = 1.0  # seconds for which a caller waits for another's look

Make = Callable[[Target, int], Pool]  # a pool of a server, of at most so many connections


def named(primary: Target) -> list[Target]:
    """The standbys of a server, in the order in which they are tried.

    Raises:
        InvalidValue: for a port that is no number.
    """
    if primary.name != "server":
        return []
    given = [one.strip() for one in (environment.get(HOSTS) or "").split(",")]
    return [_on(primary, one) for one in given if one]


def _on(primary: Target, place: str) -> Target:
    host, _, port = place.rpartition(":")
    if not host or (":" in host and not host.endswith("]")):  # a name alone, or an address of IPv6
        host, port = place, ""
    return replace(primary, host=host.strip("[]"), port=port_of(port, HOSTS) if port else primary.port)


def lag() -> int:
    """The seconds by which a standby may lag.

    Raises:
        InvalidValue: when the variable holds no number of seconds.
    """
    said = environment.get(LAG) or str(DEFAULT_LAG)
    if not said.isdigit() or not int(said):
        raise InvalidValue(f"{LAG} is {said!r}, which is no number of seconds: set it to one such as {DEFAULT_LAG}.")
    return int(said)


def to_read(primary: Target) -> Target:
    """The first standby that has all that the primary has now, or soon has; else the primary, and why is said.

    A standby that is named as the primary is read itself.

    Raises:
        UserError: when the primary cannot be reached.
    """
    for standby, why in judged(primary, lag()):
        if not why:
            return standby
        say(f"The standby {standby.place} {why}: it is not read.")
    return primary


def judged(primary: Target, limit: int) -> Iterator[tuple[Target, str]]:
    """Each standby, and why it is not read: nothing for one that has what the primary has now, or has it soon.

    Args:
        primary: the server. Where that is a standby itself, there are none.
        limit: the seconds to wait for each.

    Raises:
        UserError: when the primary cannot be reached.
    """
    standbys = named(primary)
    if not standbys:
        return
    with closing(primary.connect(CHECKPOINT)) as connection:
        system, written, _ = _asked(connection, WRITTEN)
    if written is not None:
        yield from ((one, _behind(one, system, written, limit)) for one in standbys)


def _behind(standby: Target, system: int, written: int, limit: int) -> str:
    end = time.monotonic() + limit
    try:
        with closing(standby.connect(CHECKPOINT)) as connection:
            connection.autocommit = True
            while True:
                own, replayed = _asked(connection, REPLAYED)
                if own != system or replayed is None:
                    return "is no standby of the primary"
                if replayed >= written:
                    return ""
                if time.monotonic() > end:
                    return f"is behind by more than {limit} s"
                time.sleep(0.1)
    except UserError as error:
        return f"cannot be asked ({str(error).partition('. ')[0]})"
    except psycopg2.Error as error:
        return f"cannot be asked ({in_one_line(error)})"


def _asked(connection: Any, query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(cursor.fetchone())


@dataclass
class _Standby:
    """A standby: whom a program's reads ask, whom a look asks, and what that saw."""

    pool: Pool
    looks: Pool
    replayed: int = -1
    next_look: float = 0.0


class Standbys:
    """The standbys to which a program's reads go.

    What the program itself has written, it reads from a standby only when that has replayed it.

    Args:
        primary: the pool of the primary.
        server: the primary itself.
        make: makes a pool.
        most: connections of each standby.
    """

    def __init__(self, primary: Pool, server: Target, make: Make, most: int) -> None:
        self._standbys = [_Standby(make(one, most), make(one, 1)) for one in named(server)]
        self._limit = lag()
        self._primary = primary
        self._looks = make(server, 1)
        self._lock = Lock()
        self._system = 0
        self._written: deque[tuple[float, int]] = deque()  # when, and what was on the primary's disk
        self._next_look = 0.0
        self._uses = primary.uses  # of the primary's pool, when the program's own writes were last looked for
        self._own = 0

    def near(self) -> Iterator[Pool]:
        """The pools of those that may be read now."""
        for one in self._standbys:
            if self._lock.acquire(timeout=PATIENCE):
                try:
                    is_near = self._is_near(one)
                finally:
                    self._lock.release()
                if is_near:
                    yield one.pool

    def close(self) -> None:
        """Close their connections."""
        for one in self._pools():
            one.close()

    def _pools(self) -> Sequence[Pool]:
        return [self._looks, *(pool for one in self._standbys for pool in (one.pool, one.looks))]

    def _is_near(self, one: _Standby) -> bool:
        now = time.monotonic()
        if now >= self._next_look:
            self._look_at_primary()
        if now >= one.next_look:
            self._look_at(one)
        while self._written and self._written[0][0] < now - self._limit:
            self._written.popleft()
        if not self._written or one.replayed < self._written[0][1]:
            return False
        if self._uses != self._primary.uses and not self._look_at_primary():
            return False
        if one.replayed < self._own:
            self._look_at(one)
        return one.replayed >= self._own

    def _look_at_primary(self) -> bool:
        uses, began = self._primary.uses, time.monotonic()
        self._next_look = began + EVERY
        found = _position(self._looks, WRITTEN)
        if found is None or found[1] is None:
            return False
        self._system, on_disk, reached = found
        self._written.append((began, on_disk))
        if uses != self._uses:
            self._uses, self._own = uses, reached
        return True

    def _look_at(self, one: _Standby) -> None:
        found = _position(one.looks, REPLAYED)
        one.next_look = time.monotonic() + (EVERY if found else AWAY)
        is_standby = found is not None and found[0] == self._system and found[1] is not None
        one.replayed = found[1] if found and is_standby else -1


def _position(pool: Pool, query: str) -> tuple[Any, ...] | None:
    try:
        with pool.rows() as (connection, _):
            return _asked(connection, query)
    except (QuantError, psycopg2.Error):
        return None
