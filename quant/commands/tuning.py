"""How a server is tuned: its cache, slow queries, indexes nobody asks, tables read whole, dead rows.

The numbers are PostgreSQL's own, since its counters began. Those of chunks are told of their hypertable.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg2.errors

SHOWN = 5
LARGE = 1 << 20  # bytes: smaller tables are read whole for good reason, and their indexes cost nothing
OFTEN = 1000  # more than builds and verdicts of some weeks
DEAD = 0.2  # of a table's rows, when vacuum is late
# Of each relation of public and raw the table that people know: a chunk belongs to a hypertable.
OWNED = """
    with owned as (
        select c.oid as relation, format('%%s.%%s', n.nspname, c.relname) as of
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in ('public', 'raw')
        union all
        select i.inhrelid, format('%%s.%%s', n.nspname, p.relname)
        from pg_inherits as i
        join pg_class as p on p.oid = i.inhparent and p.relkind = 'r'
        join pg_namespace as n on n.oid = p.relnamespace
        where n.nspname = 'public'
    )
"""
CACHE = """
    select sum(blks_hit)::float8 / nullif(sum(blks_hit + blks_read), 0)
    from pg_stat_database where datname = current_database()
"""
STATEMENTS = """
    select format('%I.pg_stat_statements', n.nspname)
    from pg_extension as e
    join pg_namespace as n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'
"""
SLOWEST = """
    select left(regexp_replace(query, '\\s+', ' ', 'g'), 200), calls, mean_exec_time, total_exec_time / 1000
    from {statements}
    where dbid = (select oid from pg_database where datname = current_database()) and calls > 0
    order by total_exec_time desc
    limit %s
"""
UNUSED = (
    OWNED
    + """
    select
        o.of, regexp_replace(s.indexrelname, '^_hyper_\\d+_\\d+_chunk_', ''),
        sum(pg_relation_size(s.indexrelid))::bigint
    from owned as o
    join pg_stat_user_indexes as s on s.relid = o.relation
    join pg_index as i on i.indexrelid = s.indexrelid and not i.indisunique
    group by 1, 2
    having sum(s.idx_scan) = 0 and sum(pg_relation_size(s.indexrelid)) > %s
    order by 3 desc
"""
)
SCANNED = (
    OWNED
    + """
    select o.of, sum(s.seq_scan)::bigint, sum(s.idx_scan)::bigint, sum(s.seq_tup_read)::bigint
    from owned as o
    join pg_stat_user_tables as s on s.relid = o.relation
    where o.of like 'public.%%' and pg_relation_size(s.relid) > %s
    group by 1
    having sum(s.seq_scan) > greatest(%s, 10 * sum(coalesce(s.idx_scan, 0)))
    order by 4 desc
"""
)
BLOAT = (
    OWNED
    + """
    select o.of, sum(s.n_dead_tup)::bigint, sum(s.n_live_tup)::bigint, max(s.last_autovacuum)::text
    from owned as o
    join pg_stat_user_tables as s on s.relid = o.relation
    where pg_relation_size(s.relid) > %s
    group by 1
    having sum(s.n_dead_tup) > %s * (sum(s.n_dead_tup) + sum(s.n_live_tup))
    order by 2 desc
"""
)
AUTOVACUUM = """
    select string_agg(format('%s %s', name, setting || coalesce(unit, '')), ', ' order by name)
    from pg_settings
    where name in (
        'autovacuum', 'autovacuum_max_workers', 'autovacuum_naptime', 'autovacuum_vacuum_scale_factor',
        'autovacuum_analyze_scale_factor'
    )
"""


@dataclass(frozen=True)
class Query:
    """A statement as pg_stat_statements shows it: how often it ran, milliseconds each, seconds in all."""

    statement: str
    calls: int
    mean_ms: float
    seconds: float


@dataclass(frozen=True)
class Tuning:
    """How the server is used.

    Attributes:
        cached: the share of blocks that were found in the server's memory; None where none was asked for.
        autovacuum: its settings.
        slowest: what took most time in all; None where the server has no pg_stat_statements.
        advice: a sentence for each thing that may be better, with the cure.
    """

    cached: float | None
    autovacuum: str
    slowest: tuple[Query, ...] | None
    advice: tuple[str, ...]


def ask(connection: Any) -> Tuning:
    """Ask a server, over a connection in autocommit."""
    ((cached,),) = _rows(connection, CACHE)
    ((autovacuum,),) = _rows(connection, AUTOVACUUM)
    advice = [
        f"The index {index} on {table} ({size / 1e6:,.0f} MB) was never asked: drop it unless a rare query needs it."
        for table, index, size in _rows(connection, UNUSED, LARGE)
    ]
    advice += [
        f"{table} was read whole {scans:,} times ({rows:,} rows) and by an index {found or 0:,} times: a query lacks "
        "an index, or a bound on date."
        for table, scans, found, rows in _rows(connection, SCANNED, LARGE, OFTEN)
    ]
    advice += [
        f"{table} has {dead:,} dead rows beside {live:,}, last cleaned {cleaned or 'never'}: run "
        f"`vacuum analyze {table}`."
        for table, dead, live, cleaned in _rows(connection, BLOAT, LARGE, DEAD)
    ]
    return Tuning(cached, autovacuum, _slowest(connection), tuple(advice))


def _slowest(connection: Any) -> tuple[Query, ...] | None:
    with suppress(psycopg2.errors.ObjectNotInPrerequisiteState):  # it is not among the server's preloaded libraries
        for (statements,) in _rows(connection, STATEMENTS):
            return tuple(Query(*row) for row in _rows(connection, SLOWEST.replace("{statements}", statements), SHOWN))
    return None


def _rows(connection: Any, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())
