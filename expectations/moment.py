"""One moment for a whole run: all sessions read the target as of one snapshot, whatever others write meanwhile.

A session of its own holds the snapshot and the locks that keep it readable: a chunk that is compressed, or a table that
is truncated, after the snapshot was taken looks empty in it. The embedded engine has one session, which a held
transaction would take away from all the others: there each statement is a moment of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2.errors
import psycopg2.extensions

from expectations.catalog import Catalog
from quant.errors import UserError
from quant.progress import say
from quant.server.watch import LIMIT, VARIABLE, notice
from quant.target import CHECKPOINT, Target

PAUSE = 0.2
BEGIN = "begin isolation level repeatable read read only"
# A role may have others: what is read as text has to look the same everywhere, and a held snapshot is idle for minutes.
SETTINGS = """
    select set_config(name, setting, false)
    from (values
        ('datestyle', 'ISO, YMD'), ('intervalstyle', 'postgres'), ('timezone', 'UTC'), ('extra_float_digits', '1'),
        ('bytea_output', 'hex'), ('quote_all_identifiers', 'off'), ('idle_in_transaction_session_timeout', '0'),
        ('transaction_timeout', '0')
    ) as wanted (name, setting)
    where exists (select from pg_catalog.pg_settings as s where s.name ilike wanted.name)
"""
READ = """
    select format('%%I.%%I', n.nspname, c.relname)
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and pg_catalog.has_table_privilege(c.oid, 'select')
        and (n.nspname in ('raw', 'audit') or n.nspname = 'public' and c.relname = any(%s))
"""
HOLDERS = """
    select
        format('%%I.%%I', n.nspname, c.relname),
        format(
            'session %%s (user %%s, application %%s, %%s since %%s)', a.pid, a.usename,
            coalesce(nullif(a.application_name, ''), '?'), a.state, to_char(a.state_change, 'HH24:MI:SS TZ')
        )
    from pg_catalog.pg_locks as l
    join pg_catalog.pg_stat_activity as a on a.pid = l.pid
    join pg_catalog.pg_class as c on c.oid = l.relation
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where l.mode = 'AccessExclusiveLock' and l.granted and l.database = (
        select oid from pg_catalog.pg_database where datname = current_database()
    ) and l.relation = any(%s::regclass[]) and a.pid <> pg_backend_pid()
    order by 1, 2
"""
Execute = Callable[[str], object]


@dataclass(frozen=True)
class Moment:
    """The exported snapshot that sessions read as of; None where there can be none."""

    snapshot: str | None = None

    def join(self, execute: Execute) -> None:
        """Bring a session in autocommit to this moment, also one whose transaction was broken off by an error."""
        if self.snapshot is None:
            execute(SETTINGS)
            return
        execute("rollback")
        execute(SETTINGS)
        execute(BEGIN)
        execute(f"set transaction snapshot '{self.snapshot}'")


NOW = Moment()


@contextmanager
def held(target: Target, catalog: Catalog, limit: float = LIMIT) -> Iterator[Moment]:
    """Hold the moment that it is now, as long as the block runs.

    Args:
        target: the database.
        catalog: the declared tables, which are locked against whoever would empty them.
        limit: seconds for whoever holds one of them exclusively.

    Raises:
        UserError: when somebody holds a table exclusively for longer.
    """
    if target.name == "embedded":
        yield NOW
        return
    with closing(target.connect(CHECKPOINT)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(SETTINGS)
            _lock(cursor, catalog, limit)
            cursor.execute("select pg_export_snapshot()")
            (snapshot,) = cursor.fetchone() or (None,)
        yield Moment(snapshot)


def _lock(cursor: psycopg2.extensions.cursor, catalog: Catalog, limit: float) -> None:
    """Begin the transaction with a lock on all that is read, which keeps nobody from reading or writing.

    It is never waited for in line: others would wait behind it, and two that wait for each other would be one too many.
    So the server knows of no wait, and it is told from here.
    """
    since, told = time.monotonic(), False
    while True:
        cursor.execute(READ, (list(catalog.tables),))
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(BEGIN)
        try:
            cursor.execute(f"lock table {', '.join(names)} in access share mode nowait")
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.UndefinedTable):
            cursor.execute("rollback")
        else:
            return
        waited = time.monotonic() - since
        if waited > limit:
            who = _holders(cursor, names)
            raise UserError(f"Waited {waited:.0f} s for a lock on {who}: see that it lets go, and run again.")
        if waited > notice(limit) and not told:
            told = True
            who = _holders(cursor, names)
            say(f"Waiting for a lock on {who}. This ends after {limit:.0f} s ({VARIABLE}); see that it lets go.")
        time.sleep(PAUSE)


def _holders(cursor: psycopg2.extensions.cursor, names: list[str]) -> str:
    cursor.execute(HOLDERS, (names,))
    found = [f"{table}, which {holder} has" for table, holder in cursor.fetchall()]
    return ", and on ".join(found) or "a table that somebody had until now"
