"""The second connection of a command: what the server says of the sessions that the first ones have there."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass, replace
from typing import Any

import psycopg2
from psycopg2 import extensions as psycopg

from quant.server.pooled import OF_TRANSACTION
from quant.target import Target

PATIENCE = 10.0  # seconds for an answer
ENGINE = "engine"  # the database under which the embedded engine's bridge answers for itself, whatever runs

# One row a session: its process, whether it works, what tells that it goes on, and, while it waits for a lock: for how
# long, on what, and who has it.
SESSIONS = """
    select
        a.pid,
        a.state = 'active' and a.wait_event_type is distinct from 'Client',
        concat_ws(' ', a.pid, a.state, a.state_change, a.query_start, a.wait_event, c.bytes_processed),
        extract(epoch from clock_timestamp() - w.since)::float8,
        w.thing,
        case when a.wait_event_type = 'Lock' then (
            select coalesce(string_agg(coalesce(format(
                'session %%s (user %%s, application %%s, %%s since %%s)',
                b.pid, b.usename, b.application_name, b.state, to_char(b.state_change, 'HH24:MI:SS TZ')
            ), 'a prepared transaction (see pg_prepared_xacts)'), ', '), '')
            from unnest(pg_blocking_pids(a.pid)) as blocking (pid)
            left join pg_stat_activity as b on blocking.pid = b.pid
        ) end
    from pg_stat_activity as a
    left join pg_stat_progress_copy as c on a.pid = c.pid
    left join lateral (
        select
            min(l.waitstart) as since,
            min(case
                when l.relation is not null then 'a lock on ' || l.relation::regclass
                when l.locktype = 'advisory' then 'an advisory lock'
                else 'a row'
            end) as thing
        from pg_locks as l
        where l.pid = a.pid and not l.granted
    ) as w on true
    where a.application_name = %s and a.datname = current_database() and a.pid <> pg_backend_pid()
"""


class Unanswered(Exception):  # noqa: N818  it is what happened, and no fault of the program
    """The server did not answer in time."""


@dataclass(frozen=True)
class LockWait:
    """A session that waits: its process on the server, for how many seconds, for what, and who has it."""

    pid: int
    seconds: float
    thing: str
    holders: str


@dataclass(frozen=True)
class Seen:
    """What was seen: whether a session of ours works, what changes while they go on, and who waits for a lock."""

    working: bool
    progress: str
    waits: tuple[LockWait, ...]


class Inquiry:
    """Asks about the sessions of that application name."""

    def __init__(self, target: Target, application: str) -> None:
        self._target, self._application = target, application
        self._connection: psycopg.connection | None = None
        self._other, self._since = "", 0.0

    def look(self) -> Seen:
        """What the server says now.

        Raises:
            Unanswered: when it says nothing within ten seconds.
            psycopg2.Error: when it answers, but not that.
        """
        if self._target.name == "embedded":
            return self._engine(*self._ask("status")[0])
        rows = self._ask(OF_TRANSACTION + SESSIONS, self._application)
        waits = tuple(LockWait(pid, since, thing, held) for pid, _, _, since, thing, held in rows if since and held)
        return Seen(any(row[1] for row in rows), "; ".join(sorted(row[2] for row in rows)), waits)

    def cancel(self, pid: int) -> None:
        """Cancel the statement of a session of ours."""
        if self._target.name != "embedded":
            self._ask("select pg_catalog.pg_cancel_backend(%s)", pid)

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _engine(self, _version: str, _clients: str, _waiting: str, busy_with: str) -> Seen:
        """The engine has one session and no view of its clients: whoever has it holds up the others."""
        other = "" if busy_with.endswith(self._application) else busy_with
        if other != self._other:
            self._other, self._since = other, time.monotonic()
        waits = (LockWait(0, time.monotonic() - self._since, "the engine's one session", other),) if other else ()
        return Seen(not other, "", waits)

    def _ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        end = time.monotonic() + PATIENCE
        try:
            if self._connection is None or self._connection.closed:
                target = self._target if self._target.name != "embedded" else replace(self._target, database=ENGINE)
                self._connection = psycopg2.connect(target.uri("quant watch", pooled=True), async_=1)
                _finish(self._connection, end)
            with self._connection.cursor() as cursor:
                cursor.execute(query, values or None)
                _finish(self._connection, end)
                return cursor.fetchall()
        except (Unanswered, psycopg2.Error):
            self.close()
            raise


def _finish(connection: psycopg.connection, end: float) -> None:
    """Wait for what an asynchronous connection does, no longer than until that time."""
    while (wanted := connection.poll()) != psycopg.POLL_OK:
        left = end - time.monotonic()
        descriptor = [connection.fileno()]
        reading = wanted == psycopg.POLL_READ
        ready = select.select(descriptor if reading else [], [] if reading else descriptor, [], max(left, 0))
        if not any(ready):
            raise Unanswered
