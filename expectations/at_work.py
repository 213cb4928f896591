"""Who works on the target while the checkpoint reads it: loads and builds, told by the advisory locks they hold."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg2.extensions

from quant.server.lock import BUILD, LOAD

WORKERS = """
    select
        l.key = %(load)s as loads,
        coalesce(nullif(a.application_name, ''), 'a program') || ', process ' || l.pid as who
    from (
        select pid, database, (classid::bigint << 32) | objid::bigint as key from pg_catalog.pg_locks
        where locktype = 'advisory' and granted and objsubid = 1
    ) as l
    left join pg_catalog.pg_stat_activity as a on a.pid = l.pid
    where l.database = (select oid from pg_catalog.pg_database where datname = current_database())
        and l.key in (%(load)s, %(build)s)
    order by 2
"""


@dataclass(frozen=True)
class AtWork:
    """The sessions that load and build, each as its application and process."""

    loads: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()

    def notes(self) -> list[str]:
        """What it means for the verdict, in sentences."""
        told = "so differences may be no more than what it has not written yet. Run again when it is done."
        lines = [f"A load is at work ({who}), {told}" for who in self.loads]
        return lines + [f"A build is at work ({who}), {told}" for who in self.builds]


def look(connection: psycopg2.extensions.connection) -> AtWork:
    """See who loads and who builds."""
    with connection.cursor() as cursor:
        cursor.execute(WORKERS, {"load": LOAD, "build": BUILD})
        found = cursor.fetchall()
    return AtWork(tuple(who for loads, who in found if loads), tuple(who for loads, who in found if not loads))
