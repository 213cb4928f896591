"""Which columns of public are wider than models/ declares: fractions in a BIGINT of the source are held as doubles."""

from __future__ import annotations

from dataclasses import replace

import psycopg2.extensions

from expectations.catalog import Catalog
from loader.source import quote

NARROW, WIDE = "bigint", "double precision"
DOUBLES = f"""
    select c.relname, lower(a.attname), a.attname, coalesce(format_type(p.atttypid, p.atttypmod) = '{WIDE}', false)
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attribute as p on p.attrelid = to_regclass(format('public.%%I', c.relname))
    and p.attname = lower(a.attname) and not p.attisdropped
    where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r' and c.relname = any(%s)
    and format_type(a.atttypid, a.atttypmod) = '{WIDE}'
"""
FRACTIONS = "select exists (select from raw.{table} where {column} <> trunc({column}) or abs({column}) >= 9.2e18)"


def widened(connection: psycopg2.extensions.connection, declared: Catalog) -> Catalog:
    """The declaration with the types that the values need.

    A declared bigint is double precision where raw has doubles that are no bigint, or had them once: then public is so
    already, and is never narrowed. Keys, and ids that a sequence gives, stay as they are.
    """
    tables, sources = dict(declared.tables), dict(declared.sources)
    with connection.cursor() as cursor:
        cursor.execute(DOUBLES, (list(tables.keys() & sources.keys()),))
        for name, column, given, is_wide in cursor.fetchall():
            table = tables[name]
            given_ids = table.rules.defaults.get(column, "").startswith("nextval(")
            if table.columns.get(column) != NARROW or column in table.key or given_ids:
                continue
            if not is_wide:
                cursor.execute(FRACTIONS.format(table=quote(name), column=quote(given)))
                ((needed,),) = cursor.fetchall()
                if not needed:
                    continue
            columns = dict(table.columns) | {column: WIDE}
            tables[name] = replace(table, columns=columns, widened=table.widened | {column})
            sources[name] = dict(sources[name]) | {column: WIDE}
    return replace(declared, tables=tables, sources=sources)
