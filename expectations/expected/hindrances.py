"""What stands between a row and its table without being declared: triggers, rules, row security, unlogged storage."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog
from expectations.expected.base import Expected, no_rows
from quant.text import literal

# Tables, the hypertables below aggregates, and the chunks of both, compressed or not, by the names that users know.
OURS = """
    with hypertables as (
        select
            h.id, to_regclass(format('%I.%I', h.schema_name, h.table_name)) as relation,
            coalesce(a.view_name, h.table_name) as name
        from _timescaledb_catalog.hypertable as h
        left join timescaledb_information.continuous_aggregates as a
        on (h.schema_name, h.table_name) = (a.materialization_hypertable_schema, a.materialization_hypertable_name)
        where coalesce(a.view_schema, h.schema_name) = 'public' and coalesce(a.view_name, h.table_name) in ({names})
    ),

    chunks as (
        select h.name, c.schema_name, c.table_name, c.compressed_chunk_id, c.status
        from _timescaledb_catalog.chunk as c join hypertables as h on h.id = c.hypertable_id
    ),

    ours as (
        select relation, name from hypertables
        union
        select to_regclass(format('%I.%I', schema_name, table_name)), name from chunks
        union
        select to_regclass(format('%I.%I', z.schema_name, z.table_name)), c.name
        from _timescaledb_catalog.chunk as z join chunks as c on c.compressed_chunk_id = z.id
        union
        select c.oid, c.relname from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f') and c.relname in ({names})
        union
        select c.oid, format('%s.%s', n.nspname, c.relname)
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname in ('raw', 'audit') and c.relkind in ('r', 'p', 'f')
    )
"""

HINDERED = """
    select o.name, o.relation::text as relation, found.finding
    from ours as o
    join pg_class as c on c.oid = o.relation
    cross join lateral (
        select 'is a foreign table: its rows lie elsewhere' as finding where c.relkind = 'f'
        union all
        select 'is unlogged: its rows are gone after a crash' where c.relpersistence = 'u'
        union all
        select 'hides rows from whoever does not own it (row security)' where c.relrowsecurity
        union all
        select 'the trigger ' || t.tgname || case
            when t.tgenabled not in ('O', 'A') then ' is switched off'
            else ' runs ' || t.tgfoid::regprocedure end
        from pg_trigger as t
        where t.tgrelid = c.oid and not (t.tgconstraint <> 0 and c.relnamespace = 'public'::regnamespace)
        and case when t.tgisinternal or exists (
            select from pg_depend as d
            where d.classid = 'pg_proc'::regclass and d.objid = t.tgfoid and d.deptype = 'e'
        ) then t.tgenabled not in ('O', 'A') else true end
        union all
        select 'the rule ' || r.rulename || ' rewrites what is written' from pg_rewrite as r
        where r.ev_class = c.oid and r.rulename <> '_RETURN'
        union all
        select 'also shows the rows of ' || i.inhrelid::regclass from pg_inherits as i
        where i.inhparent = c.oid and i.inhrelid not in (select p.relation from ours as p where p.relation is not null)
        union all
        select 'is cut into partitions' where c.relkind = 'p'
        union all
        select 'has a constraint that no command of ours makes: ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
        from pg_constraint as k
        where k.conrelid = c.oid and k.contype in ('c', 'f', 'u', 'x') and o.name like '%.%'
        union all
        select 'has a unique index that no command of ours makes: ' || i.indexrelid::regclass
        from pg_index as i
        where i.indrelid = c.oid and i.indisunique and not i.indisprimary and o.name like '%.%'
    ) as found
    union all
    select name, format('%I.%I', schema_name, table_name), 'is frozen: it refuses every change' from chunks
    where status & 4 = 4
"""

SLOW = """
    select o.name, o.relation::text as relation, array_to_string(c.reloptions, ', ') as options
    from ours as o
    join pg_class as c on c.oid = o.relation
    where c.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0']
"""


OPEN = """
    select o.name, string_agg(distinct p.privilege_type, ', ') as everybody_may
    from ours as o
    join pg_class as c on c.oid = o.relation
    cross join lateral aclexplode(c.relacl) as p
    where p.grantee = 0 and p.privilege_type <> 'SELECT'
    group by o.name
    union all
    select 'schema ' || n.nspname, p.privilege_type
    from pg_namespace as n cross join lateral aclexplode(n.nspacl) as p
    where n.nspname in ('public', 'raw', 'staging', 'audit', 'factors')
        and p.grantee = 0 and p.privilege_type = 'CREATE'
"""


def hindrances(declared: Catalog) -> Iterator[Expected]:
    """Nothing refuses, alters or hides rows of the tables, their chunks, `raw` and `audit`."""
    ours = OURS.format(names=", ".join(map(literal, [*declared.tables, *declared.aggregates]))).replace("{}", "")
    yield no_rows(
        "nothing that is not declared refuses, alters, hides or forgets rows",
        (
            "something that is not declared refuses, alters, hides or forgets rows",
            "{} things that are not declared refuse, alter, hide or forget rows",
        ),
        ours + HINDERED,
    )
    yield no_rows(
        "not everybody may write",
        ("everybody may write to one table or schema", "everybody may write to {} tables or schemas"),
        ours + OPEN,
        "warning",
    )
    yield no_rows(
        "every table is vacuumed and analyzed by itself",
        ("one table is not vacuumed and analyzed by itself", "{} tables are not vacuumed and analyzed by themselves"),
        ours + SLOW,
        "warning",
    )
