"""The declared tables as PostgreSQL's catalog has them, read at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2.extensions
from psycopg2.extras import RealDictCursor

Row = Mapping[str, Any]

# `own` of an expression: it relies on a function, operator or type that is not PostgreSQL's, and is not worked out.
OWN = """
    exists (
        select from pg_depend as rely
        where rely.classid = '{catalog}'::regclass and rely.objid = {object} and rely.refclassid not in (
            'pg_class'::regclass, 'pg_constraint'::regclass, 'pg_namespace'::regclass
        )
    )
"""

COLUMNS = f"""
    select
        c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
        a.attidentity::text as identity, a.attgenerated::text as generated, pg_get_expr(d.adbin, d.adrelid) as filled,
        col_description(c.oid, a.attnum) as comment,
        t.typnamespace <> 'pg_catalog'::regnamespace or {OWN.format(catalog="pg_attrdef", object="d.oid")} as own,
        a.attcollation <> t.typcollation as collated, nullif(a.attstattarget, -1) as statistics,
        exists (
            select from pg_attribute as r
            where r.attrelid = to_regclass(format('raw.%%I', c.relname)) and r.attname = a.attname
        ) as in_raw
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type as t on t.oid = a.atttypid
    left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relname = any(%(tables)s)
    order by c.relname, a.attnum
"""

# The relation that a foreign key refers to is written with its schema, whatever the search path is.
CONSTRAINTS = f"""
    select
        c.relname as table, o.conname as name, o.contype::text as kind, pg_get_expr(o.conbin, o.conrelid) as condition,
        {OWN.format(catalog="pg_constraint", object="o.oid")} as own,
        case o.contype when 'f' then regexp_replace(
            pg_get_constraintdef(o.oid), ' REFERENCES .*?\\(', format(' REFERENCES %%s.%%s(', n.nspname, p.relname)
        ) else pg_get_constraintdef(o.oid) end as definition,
        concat_ws(
            ', ', case when o.connoinherit and o.contype = 'c' then 'not inherited' end,
            case when not o.convalidated then 'not valid' end,
            case when to_jsonb(o) ->> 'conenforced' = 'false' then 'not enforced' end,
            case when exists (
                select from pg_trigger as g where g.tgconstraint = o.oid and g.tgenabled not in ('O', 'A')
            ) then 'switched off' end
        ) as flaw
    from pg_class as c
    join pg_constraint as o on o.conrelid = c.oid and o.contype in ('c', 'f', 'p', 'u', 'x')
    left join pg_class as p on p.oid = o.confrelid
    left join pg_namespace as n on n.oid = p.relnamespace
    where c.relnamespace = 'public'::regnamespace and c.relname = any(%(tables)s)
    order by c.relname, o.conname
"""

INDEXES = f"""
    select
        c.relname as table, x.relname as name, m.amname as method, i.indisunique as unique,
        pg_get_expr(i.indpred, i.indrelid) as condition,
        {OWN.format(catalog="pg_class", object="i.indexrelid")} as own,
        not (i.indisvalid and i.indisready and i.indislive) as broken,
        array(
            select pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) as k order by k
        ) as columns,
        array(
            select concat_ws(
                ' ', case when o.opcdefault then null else o.opcname end,
                case when coalesce(l.collname <> b.collname, false) then 'collate ' || l.collname end,
                case when i.indoption[k - 1] & 1 = 1 then 'desc' end,
                case i.indoption[k - 1] & 3 when 1 then 'nulls last' when 2 then 'nulls first' end
            )
            from generate_series(1, i.indnkeyatts) as k
            join pg_opclass as o on o.oid = i.indclass[k - 1]
            left join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[k - 1]
            left join pg_collation as l on l.oid = i.indcollation[k - 1]
            left join pg_collation as b on b.oid = a.attcollation
            order by k
        ) as options,
        array(
            select pg_get_indexdef(i.indexrelid, k, true)
            from generate_series(i.indnkeyatts + 1, i.indnatts) as k order by k
        ) as included
    from pg_class as c
    join pg_index as i on i.indrelid = c.oid
    join pg_class as x on x.oid = i.indexrelid
    join pg_am as m on m.oid = x.relam
    where c.relnamespace = 'public'::regnamespace and c.relname = any(%(tables)s)
    and not exists (select from pg_constraint as o where o.conindid = x.oid and o.contype in ('p', 'u', 'x'))
    order by c.relname, x.relname
"""

TABLES = """
    select
        c.relname as table, c.relkind::text as kind, obj_description(c.oid, 'pg_class') as comment,
        pg_get_userbyid(c.relowner) as owner, pg_get_userbyid(q.relowner) as builder,
        (select s.spcname from pg_tablespace as s where s.oid = c.reltablespace) as tablespace,
        c.relreplident::text as replica_identity, c.reloptions as options,
        array(
            select p from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as p
            where not has_table_privilege(c.relowner, c.oid, p)
        ) as owner_may_not
    from pg_class as c
    left join pg_class as q on q.oid = to_regclass('audit.quarantine')
    where c.relnamespace = 'public'::regnamespace and c.relname = any(%(tables)s)
"""

SEQUENCES = """
    select
        c.relname as table, a.attname as name, s.seqincrement as increment, s.seqmin as minimum, s.seqmax as maximum,
        s.seqcycle as cycle, s.seqcache as cache, has_sequence_privilege(s.seqrelid, 'SELECT') as readable,
        case when has_sequence_privilege(s.seqrelid, 'SELECT') then pg_sequence_last_value(s.seqrelid) end
        as last_value,
        r.relpersistence::text as persistence
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and not a.attisdropped
    join pg_depend as d on d.refobjid = c.oid and d.refobjsubid = a.attnum and d.classid = 'pg_class'::regclass
    and d.refclassid = 'pg_class'::regclass and d.deptype in ('i', 'a')
    join pg_sequence as s on s.seqrelid = d.objid
    join pg_class as r on r.oid = s.seqrelid
    where c.relnamespace = 'public'::regnamespace and c.relname = any(%(tables)s)
"""


@dataclass(frozen=True)
class Found:
    """One table as it is; lists of rows with the names that the queries above give them."""

    table: Row
    columns: Mapping[str, Row]
    constraints: list[Row]
    indexes: list[Row]
    sequences: Mapping[str, Row]


def read(connection: psycopg2.extensions.connection, tables: Collection[str]) -> dict[str, Found]:
    """Those of the tables that there are, by name: six queries, however many tables there are."""
    known = {str(row["table"]): row for row in _rows(connection, TABLES, tables)}
    columns, constraints, indexes, sequences = (
        _by_table(_rows(connection, query, tables)) for query in (COLUMNS, CONSTRAINTS, INDEXES, SEQUENCES)
    )
    return {
        name: Found(
            row,
            {column["name"]: column for column in columns[name]},
            constraints[name],
            indexes[name],
            {sequence["name"]: sequence for sequence in sequences[name]},
        )
        for name, row in known.items()
    }


def _rows(connection: psycopg2.extensions.connection, query: str, tables: Collection[str]) -> list[Row]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query, {"tables": list(tables)})
        return list(cursor.fetchall())


def _by_table(rows: list[Row]) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["table"]].append(row)
    return found
