"""What the database says of its tables in public: columns, types, keys. Read once; again when a name is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from quant.errors import UnknownName

PROVENANCE = "source_rowid"

COLUMNS = """
select
    c.relname as table_name,
    a.attname as name,
    t.typname as kind,
    format_type(a.atttypid, null) as type,
    a.attnotnull as required,
    a.attnotnull or exists (
        select from pg_catalog.pg_constraint as k
        where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any(k.conkey)
    ) as constrained,
    a.attgenerated <> '' as generated,
    a.atthasdef or a.attidentity <> '' as has_default
from pg_catalog.pg_class as c
inner join pg_catalog.pg_attribute as a on c.oid = a.attrelid
inner join pg_catalog.pg_type as t on a.atttypid = t.oid
where
    c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r', 'p', 'v')
    and a.attnum > 0
    and not a.attisdropped
order by c.relname, a.attnum
"""
KEYS = """
select
    c.relname as table_name,
    i.indisprimary as is_primary,
    array(
        select a.attname::text
        from unnest(i.indkey) with ordinality as k (attnum, place)
        inner join pg_catalog.pg_attribute as a on i.indrelid = a.attrelid and k.attnum = a.attnum
        where k.place <= i.indnkeyatts
        order by k.place
    ) as columns
from pg_catalog.pg_index as i
inner join pg_catalog.pg_class as c on i.indrelid = c.oid
where
    c.relnamespace = 'public'::regnamespace
    and i.indisunique
    and i.indisvalid
    and i.indpred is null
    and i.indexprs is null
order by c.relname, i.indisprimary desc, i.indexrelid
"""
COMPRESSIBLE = """
select h.hypertable_name as table_name
from timescaledb_information.hypertables as h
where h.hypertable_schema = 'public'
"""
LIMITED = "select 1 as found from pg_catalog.pg_settings where name = %s"
DECOMPRESSION_LIMIT = "timescaledb.max_tuples_decompressed_per_dml_transaction"


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        kind: PostgreSQL's short name of its type, such as float8.
        type: its type in SQL, without a length: a cast would cut a text that is too long, an assignment refuses it.
        required: it is NOT NULL.
        constrained: it is NOT NULL, or a check looks at it.
        generated: the database computes it.
        has_default: it has a default, or is an identity.
    """

    name: str
    kind: str
    type: str
    required: bool = False
    constrained: bool = False
    generated: bool = False
    has_default: bool = False


@dataclass(frozen=True)
class Table:
    """A table or view of public.

    Its unique keys begin with the primary one, and those of columns that are never NULL.
    """

    name: str
    columns: dict[str, Column]
    keys: tuple[tuple[str, ...], ...] = ()
    is_hypertable: bool = False

    @property
    def shown(self) -> list[str]:
        """The columns that programs read."""
        return [name for name in self.columns if name != PROVENANCE]

    def key_of(self, given: Iterable[str]) -> tuple[str, ...] | None:
        """The first unique key of which all columns are given."""
        return next((key for key in self.keys if set(key) <= set(given)), None)


@dataclass(frozen=True)
class _Read:
    tables: dict[str, Table]
    limits_decompression: bool


class _Cache:
    known: _Read | None = None


class Catalog:
    """The tables of public.

    Args:
        query: runs a statement and returns its rows.
        shared: another catalog, to know what it knows.
    """

    def __init__(self, query: Callable[..., list[dict[str, Any]]], shared: Catalog | None = None) -> None:
        self._query = query
        self._cache: _Cache = shared._cache if shared else _Cache()

    def over(self, query: Callable[..., list[dict[str, Any]]]) -> Catalog:
        """The same, asking over another connection: a transaction's own, which need not wait for a second one."""
        return Catalog(query, self)

    def table(self, name: str, columns: Iterable[str] = ()) -> Table:
        """The table of that name, with these columns among others.

        Raises:
            UnknownName: for a table outside public, and for an unknown column.
        """
        wanted = name.removeprefix("public.")
        found = self._now().tables.get(wanted)
        if found is None or not set(columns) <= found.columns.keys():
            self.forget()
            found = self._now().tables.get(wanted)
        if found is None:
            raise unknown_table(name, self._now().tables)
        for column in columns:
            if column not in found.columns:
                raise unknown_column(found, column)
        return found

    def forget(self) -> None:
        """Ask anew at the next question."""
        self._cache.known = None

    @property
    def limits_decompression(self) -> bool:
        """Whether this TimescaleDB limits how many compressed rows a statement may touch."""
        return self._now().limits_decompression

    def _now(self) -> _Read:
        known = self._cache.known
        if known is None:
            known = self._cache.known = self._read()  # two threads may both read it: they read the same
        return known

    def _read(self) -> _Read:
        columns: dict[str, dict[str, Column]] = {}
        for row in self._query(COLUMNS):
            table = row.pop("table_name")
            columns.setdefault(table, {})[row["name"]] = Column(**row)
        keys: dict[str, list[tuple[str, ...]]] = {}
        for row in self._query(KEYS):
            keys.setdefault(row["table_name"], []).append(tuple(row["columns"]))
        for table, found in keys.items():  # NULLs are never the same: a key without them tells more rows apart
            found.sort(key=lambda key: sum(not columns[table][column].required for column in key))
        has_timescale = self._query("select 1 as found from pg_catalog.pg_extension where extname = 'timescaledb'")
        hyper = {row["table_name"] for row in self._query(COMPRESSIBLE)} if has_timescale else set()
        tables = {name: Table(name, given, tuple(keys.get(name, ())), name in hyper) for name, given in columns.items()}
        return _Read(tables, bool(self._query(LIMITED, (DECOMPRESSION_LIMIT,))))


def unknown_table(name: str, tables: Iterable[str]) -> UnknownName:
    """The error for a table that is not there."""
    return UnknownName(f"There is no table {name!r} in public.{_meant(name, tables)}")


def unknown_column(table: Table, column: str) -> UnknownName:
    """The error for a column that is not there."""
    return UnknownName(f"The table {table.name} has no column {column!r}.{_meant(column, table.columns)}")


def _meant(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name), list(names), 1)
    return f" Did you mean {close[0]!r}?" if close else ""
