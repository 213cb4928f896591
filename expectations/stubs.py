"""Stubs, which stand in for parents that the source lacks: each for a child, and with nothing of its own in it.

A row that left its key while children referred to it has become a stub too: it keeps what it held, among it when it was
written, which no stub that was made for a child has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg2.extensions

from expectations.catalog import Catalog, TargetTable
from expectations.parity import retained
from expectations.parity.explain import name_key
from loader.source import quote

CURRENCIES = {"KR": "KRW", "US": "USD", "JP": "JPY", "HK": "HKD", "CN": "CNY", "VN": "VND"}
NAMED = " ".join(f"when '{region}' then '{code}'" for region, code in CURRENCIES.items())
# What a stub has beside its key, as SQL; every other column of it is NULL.
CONTENT: Mapping[str, Mapping[str, str]] = {
    "tickers": {
        "name": "ticker",
        "currency": f"(case region {NAMED} end)",
        "asset_type": "'STOCK'",
        "is_active": "false",
        "data_source": "'inferred'",
    },
    "etfs": {"name": "ticker", "data_source": "'inferred'"},
}
MARKS = ("is_active", "data_source")  # what makes a stub of a row that has left its key
# Whatever refers to a table, those of applications too: each as the referring table and the condition on its columns.
REFERRING = """
    select c.conrelid::regclass::text, string_agg(format('c.%%I = s.%%I', child.attname, parent.attname), ' and ')
    from pg_constraint as c
    cross join lateral unnest(c.conkey, c.confkey) as k (child, parent)
    join pg_attribute as child on child.attrelid = c.conrelid and child.attnum = k.child
    join pg_attribute as parent on parent.attrelid = c.confrelid and parent.attnum = k.parent
    join pg_class as t on t.oid = c.conrelid
    join pg_namespace as n on n.oid = t.relnamespace
    where c.contype = 'f' and c.confrelid = %s::regclass and n.nspname !~ '^_timescaledb'
    group by c.oid, c.conrelid
"""


def unlike(connection: psycopg2.extensions.connection, table: TargetTable) -> Iterator[str]:
    """Stubs with something in them that a stub has not, in sentences."""
    content = CONTENT[table.name]
    columns = [column for column in table.columns if column not in (*table.key, "source_rowid")]
    written = ", ".join(quote(name) for name in columns if table.columns[name] == "timestamp with time zone")
    differs = ", ".join(
        f"case when {quote(column)} is distinct from {content.get(column, 'null')} "
        f"{'' if column in MARKS else f'and num_nonnulls({written}) = 0'} then '{column}' end"
        for column in columns
    )
    found = _select(connection, table, f"concat_ws(', ', {differs})", f"num_nonnulls({differs}) > 0")
    for *key, other in found:
        yield f"the stub {name_key(table.key, key)} of {table.name} has something of its own in {other}"


def childless(declared: Catalog, table: TargetTable, connection: psycopg2.extensions.connection) -> list[str]:
    """Stubs that no row refers to, in sentences.

    None is one that a row in quarantine asks for, or one whose children retention has taken: raw has such a child.
    """
    with connection.cursor() as cursor:
        cursor.execute(REFERRING, (f"public.{quote(table.name)}",))
        children = [f"exists (select from {child} as c where {same})" for child, same in cursor.fetchall()]
    # A child in quarantine asks for its parent too; which region it is of, its row need not tell.
    for child in declared.tables.values():
        for foreign in child.foreign_keys:
            if foreign.table == table.name:
                ticker = foreign.pairs()["ticker"]
                children.append(
                    f"exists (select from audit.quarantine as q where q.table_name = '{child.name}' "
                    f"and btrim(q.\"row\" ->> '{ticker}') = s.ticker)"
                )
                if child.hypertable and retained.begin(connection, child.name):
                    children.append(
                        f"exists (select from raw.{quote(child.name)} as r where btrim(r.{quote(ticker)}) = s.ticker)"
                    )
    found = _select(connection, table, None, " and ".join(f"not {child}" for child in children) or "true")
    told = f"of {table.name} stands for no child: `dbt build` removes it"
    return [f"the stub {name_key(table.key, key)} {told}" for key in found]


def _select(
    connection: psycopg2.extensions.connection, table: TargetTable, more: str | None, condition: str
) -> list[tuple[Any, ...]]:
    columns = ", ".join((*map(quote, table.key), *filter(None, [more])))
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {columns} from public.{quote(table.name)} as s where source_rowid is null "
            f"and coalesce({table.stub_where}, false) and {condition} order by 1"
        )
        return list(cursor.fetchall())
