"""The types of columns as the target has them: by PostgreSQL's own names, and as wide as the source's values need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import psycopg2.extensions

from expectations.catalog import Catalog
from loader.source import quote

LENGTH = re.compile(r"\(\s*([\d\s,]+)\)")
NAMES = "select kind, to_regtype(kind)::text from unnest(%s) as told (kind)"
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


def named(connection: psycopg2.extensions.connection, declared: Catalog) -> Catalog:
    """The declaration with the names that PostgreSQL itself gives the types: int8 is bigint.

    What PostgreSQL does not know keeps its name, for the suite health to tell.
    """
    columns = [*(table.columns for table in declared.tables.values()), *declared.sources.values()]
    with connection.cursor() as cursor:
        cursor.execute(NAMES, (sorted({kind for one in columns for kind in one.values() if kind}),))
        known = {kind: _full(name, kind) for kind, name in cursor.fetchall() if name}

    def named_columns(told: Mapping[str, str]) -> dict[str, str]:
        return {column: known.get(kind, kind) for column, kind in told.items()}

    tables = {name: replace(table, columns=named_columns(table.columns)) for name, table in declared.tables.items()}
    return replace(
        declared, tables=tables, sources={name: named_columns(told) for name, told in declared.sources.items()}
    )


def _full(name: str, kind: str) -> str:
    """The name with the length or precision that was told, where format_type has it."""
    if not (told := LENGTH.search(kind)):
        return name
    length = f"({''.join(told[1].split())})"
    first, *rest = name.split(" ")
    if rest and first in ("time", "timestamp"):
        return " ".join([first + length, *rest])
    return f"{name.removesuffix('[]')}{length}{'[]' if name.endswith('[]') else ''}"


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
