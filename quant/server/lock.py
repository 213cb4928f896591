"""A lock that one process holds for as long as it works, so that a second one of its kind says who is at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2

from quant.errors import UserError
from quant.target import LOADER, Target

LOAD = 0x5350_4F43_4B  # "SPOCK"
BUILD = 0x42_5549_4C44  # "BUILD"
SYNC = 0x53_594E_4353  # "SYNCS"

# The transaction stays open, idle: it holds no snapshot and no number, so nothing is kept from vacuum.
NO_LIMITS = """
    select set_config(name, '0', true)
    from pg_settings
    where name in ('idle_in_transaction_session_timeout', 'transaction_timeout', 'statement_timeout')
"""
HOLDER = """
    select
        a.application_name, a.pid, a.usename, a.client_addr::text,
        to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')
    from pg_locks as l
    inner join pg_stat_activity as a on l.pid = a.pid
    where l.locktype = 'advisory' and l.classid = %s and l.objid = %s and l.granted
        and l.database = (select oid from pg_database where datname = current_database())
"""


class Held(Exception):  # noqa: N818  it is an answer
    """Somebody else has the lock; the message says who."""


@contextmanager
def held(target: Target, key: int, application: str) -> Iterator[None]:
    """Hold the lock of that key on the target for the block.

    It belongs to a transaction, since a pooler in transaction mode hands a session's lock on to its next client; on the
    embedded engine to a session, since an open transaction would hold up all other clients there. A process that is
    killed leaves none behind.

    Raises:
        Held: when another process has it.
        UserError: when the target cannot be reached.
    """
    connection = target.connect(f"{application} lock", pooled=True)
    try:
        # The engine says so by itself: it may have been named as a server, by its host and port.
        connection.autocommit = connection.info.parameter_status("quant_embedded") == "on"
        with connection.cursor() as cursor:
            if not connection.autocommit:
                cursor.execute(NO_LIMITS)
            taking = "pg_try_advisory_lock" if connection.autocommit else "pg_try_advisory_xact_lock"
            cursor.execute(f"select {taking}(%s)", (key,))
            if cursor.fetchone() != (True,):
                if connection.autocommit:  # the engine has one session, and its views know no other
                    raise Held("by another client of the engine")
                cursor.execute(HOLDER, (key >> 32, key & 0xFFFFFFFF))
                raise Held(_who(cursor.fetchone()))
        yield
    finally:
        with suppress(psycopg2.Error):  # a lost connection took it along
            connection.rollback()
            connection.close()


def _who(holder: tuple[object, ...] | None) -> str:
    """Who holds a lock; nobody, when it was let go in this moment."""
    if holder is None:
        return "by somebody who has just ended"
    name, pid, user, address, since = holder
    return f"by {name}, server process {pid}, user {user}, from {address or 'a local socket'}, since {since}"


@contextmanager
def only_loader(target: Target) -> Iterator[None]:
    """Keep a second loader out for the block.

    Raises:
        UserError: when another loader is at work, naming it.
    """
    try:
        with held(target, LOAD, LOADER):
            yield
    except Held as other:
        raise UserError(
            f"Another loader is filling this database ({other}): wait until it is done, then run again."
        ) from other
