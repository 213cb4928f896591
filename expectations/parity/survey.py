"""Find out what there is to compare: the tables of the source, and what raw, public and the books say of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import pyarrow as pa

from expectations.catalog import Catalog, TargetTable
from expectations.parity import canonical, quarantine, retained, tally, target
from expectations.parity.explain import POSTGRES
from expectations.parity.shape import ORIGIN, Region, Shape
from expectations.parity.source import CLASSES, ROWID
from expectations.parity.table import Ground, TableJob
from expectations.parity.tally import Tallied
from loader import source
from loader.plan import FORBIDDEN_COLUMNS, target_name
from quant.text import literal

BOOKKEEPING = {ROWID, "_load_id"}
# Tables of raw as loads make them.
LOADED = f"""
    select c.relname from pg_class as c
    where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r' and 2 = (
        select count(*) from pg_attribute as a
        where a.attrelid = c.oid and a.attname in ('{ROWID}', '_load_id') and a.attnotnull
    )
"""


@dataclass(frozen=True)
class Counts:
    """How many rows of a table there are, each number asked of the place itself; None where it has no such table."""

    table: str
    source: int
    raw: int | None
    rejected: int
    public: int | None
    quarantined: int
    retained: int = 0


class Survey:
    """Looks at both databases once and keeps what it saw."""

    def __init__(self, ground: Ground, catalog: Catalog) -> None:
        self.ground = ground
        self.catalog = catalog

    @cached_property
    def tables(self) -> dict[str, source.SourceTable]:
        """The tables of the source by their name in the target."""
        return {target_name(table.name): table for table in source.tables(self.ground.files.plain)}

    @cached_property
    def overlooked(self) -> list[str]:
        """Tables that SQLite itself lists but the loader's discovery does not."""
        listed = source.undecoded(
            self.ground.files.plain,
            "select name from pragma_table_list where schema = 'main' and type = 'table' "
            "and name not like 'sqlite\\_%' escape '\\'",
        )
        names = (name.decode(errors="backslashreplace") for (name,) in listed)
        return sorted({target_name(name) for name in names} - self.tables.keys())

    @cached_property
    def relations(self) -> set[tuple[str, str]]:
        """(schema, table) of everything in raw and public."""
        return set(
            self._rows(
                "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "where n.nspname in ('raw', 'public', 'audit') and c.relkind in ('r', 'p', 'v', 'm')"
            )
        )

    @cached_property
    def left_over(self) -> list[str]:
        """Tables of raw that the source does not have (any more)."""
        copies = {
            table
            for (table,) in self._rows(
                "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "join pg_attribute a on a.attrelid = c.oid and a.attname = '_rowid' and not a.attisdropped "
                "where n.nspname = 'raw' and c.relkind = 'r'"
            )
        }
        return sorted(copies - self.tables.keys())

    @cached_property
    def tallied(self) -> dict[str, Tallied]:
        """What one reading tells of those tables of raw that fill a hypertable."""
        large = {name for name, declared in self.catalog.tables.items() if declared.hypertable}
        return {
            name: tally.read(self.ground.plain, target.relation("raw", name), self.quarantined.get(name, ()))
            for (name,) in self._rows(LOADED)
            if name in large & self.tables.keys()
        }

    @cached_property
    def loads(self) -> list[tuple[str, int | None]]:
        """The loads that the rows of each table of raw tell of."""
        parts = [
            f"select distinct {literal(name)}, _load_id from {target.relation('raw', name)}"
            for name in self.tables
            if ("raw", name) in self.relations and name not in self.tallied
        ]
        told = {(name, one.load_id) for name, tallied in self.tallied.items() for one in tallied.tallies}
        return sorted(told) + (self._rows(" union all ".join(parts)) if parts else [])

    def counts(self) -> Iterator[Counts]:
        """Count every table of the source on all sides, those of the target in one statement."""
        for name, table in self.tables.items():
            (rows,) = self.ground.files.plain.execute(table.count).fetchone()
            tallied = self.tallied.get(name)
            in_raw = str(tallied.rows) if tallied else self._counting("raw", name)
            raw, public, rejected, quarantined = self._rows(
                f"select {in_raw}, "
                f"{self._counting('public', name) if name in self.catalog.tables else 'null'}, "
                f"{self._counting('raw', 'rejected_rows', name)}, {self._counting('audit', 'quarantine', name)}"
            )[0]
            yield Counts(name, rows, raw, rejected or 0, public, quarantined or 0, self._retained(name))

    def _counting(self, schema: str, relation: str, table: str | None = None) -> str:
        """A count of a relation's rows, or of those that tell of a table; NULL where it is not there."""
        if (schema, relation) not in self.relations:
            return "null"
        of = f" where table_name = {literal(table)}" if table else ""
        return f"(select count(*) from {target.relation(schema, relation)}{of})"

    def lost(self, name: str) -> int:
        """How many rows of raw are, by their rowids, neither in public nor in quarantine."""
        (rows,) = self._rows(f"select count(*) {self._lost(name)}")
        return int(rows[0])

    def _lost(self, name: str) -> str:
        return (
            f"from {target.relation('raw', name)} as r where not exists (select from "
            f"{target.relation('public', name)} as p where p.{ORIGIN} = r.{ROWID}) and not exists (select from "
            f"audit.quarantine as q where q.table_name = {literal(name)} and q.rowid = r.{ROWID})"
        )

    def _retained(self, name: str) -> int:
        """How many of those are older than what retention has left."""
        first = self._begin(name)
        if first is None or not {("raw", name), ("public", name)} <= self.relations:
            return 0
        hypertable = self.catalog.tables[name].hypertable
        assert hypertable
        return retained.count(
            self._rows(f"select {hypertable.time_column}, count(*) {self._lost(name)} group by 1"), first
        )

    def _begin(self, name: str) -> date | None:
        declared = self.catalog.tables.get(name)
        return retained.begin(self.ground.plain, name) if declared and declared.hypertable else None

    def jobs(self, chosen: Collection[str], summed: bool) -> Iterator[TableJob]:
        """What to compare of these tables; those that raw lacks are left to `counts`."""
        for name, table in self.tables.items():
            if name in chosen and ("raw", name) in self.relations:
                yield replace(self._job(name, table), summed=summed)

    def unproven(self, name: str) -> list[str]:
        """What is wrong with the rows of a table that are in quarantine."""
        if not self.quarantined.get(name):
            return []
        if name not in self.tables or ("raw", name) not in self.relations:
            return [f"{name} has rows in quarantine, but none in the source"]
        job = self._job(name, self.tables[name])
        if job.shape is None:
            return [f"public.{name} or its key is not there, so that none of its rows in quarantine can be proven"]
        return quarantine.unproven(job, self.catalog.tables[name], job.shape, self.ground, self.tallied.get(name))

    def _job(self, name: str, table: source.SourceTable) -> TableJob:
        there = _types(target.schema(self.ground.arrow, target.relation("raw", name)))
        names = {column.name: target_name(column.name, FORBIDDEN_COLUMNS) for column in table.columns}
        problems = [f"raw.{name} has no column {names[c.name]}" for c in table.columns if names[c.name] not in there]
        kept = []
        for column in table.columns:
            kind = there.get(names[column.name])
            if kind in CLASSES:
                kept.append(column)
            elif kind is not None:
                problems.append(f"raw.{name}.{names[column.name]} is {kind}, which may not hold every value of SQLite")
        problems += [
            f"raw.{name} has a column {column} that the source has not, and there are values in it"
            for column in sorted(there.keys() - set(names.values()) - BOOKKEEPING)
            if self._has_values(target.relation("raw", name), column)
        ]
        job = TableJob(
            table=replace(table, columns=tuple(kept)),
            raw_types={column.name: there[names[column.name]] for column in kept},
            raw_names=names,
            rejected=self._rejected.get(name, frozenset()),
            problems=tuple(problems),
        )
        declared = self.catalog.tables.get(name)
        if declared is None or ("public", name) not in self.relations:
            return job
        return self._with_public(job, declared)

    def _with_public(self, job: TableJob, declared: TargetTable) -> TableJob:
        there = _types(target.schema(self.ground.arrow, target.relation("public", declared.name)))
        rules = {
            region: Region(ticker, self._parents(parents)) for region, (ticker, parents) in declared.regions().items()
        }
        time = declared.hypertable.time_column if declared.hypertable else None
        given = {_public_name(column.name, declared): column.name for column in job.table.columns}
        wanted = dict.fromkeys((*given, *rules, ORIGIN))
        compared = {name: there[name] for name in wanted if there.get(name) in POSTGRES}
        problems = [f"public.{declared.name} has no column {name}" for name in (*given, ORIGIN) if name not in there]
        problems += [
            f"public.{declared.name}.{name} is of a type that no value of the source is compared in"
            for name in wanted
            if name in there and name not in compared
        ]
        if not set(declared.key) <= compared.keys():
            problems.append(f"public.{declared.name} or the source lacks a column of the key {', '.join(declared.key)}")
            return replace(job, public_problems=tuple(problems))
        return replace(
            job,
            quarantined=self.quarantined.get(declared.name, frozenset()),
            begin=self._begin(declared.name),
            shape=Shape(
                *(compared, declared.key, rules, given, time, self.catalog.sources.get(declared.name, {})),
                _indexed(declared, compared),
            ),
            public_problems=tuple(problems),
        )

    def _parents(self, tables: tuple[str, ...]) -> Mapping[str, str]:
        """The region of each ticker that the source has in a parent table, or else in that one's own parents."""
        found: dict[str, str] = {}
        for name in tables:
            columns = {column.name.lower() for column in self.tables[name].columns} if name in self.tables else set()
            if {"ticker", "region"} <= columns:
                rows = self.ground.files.plain.execute(f"select ticker, region from {self.tables[name].scan}")
                own = {canonical.read_ticker(t) or "": canonical.read_region(r) for t, r in rows if t and r}
                found = {ticker: region for ticker, region in own.items() if region} | found
            if name in self.catalog.tables:
                beyond = self.catalog.tables[name].regions().get("region", ("", ()))[1]
                found = {**self._parents(beyond), **found}
        return found

    @cached_property
    def _rejected(self) -> dict[str, frozenset[int]]:
        return self._rowids("raw", "rejected_rows")

    @cached_property
    def quarantined(self) -> dict[str, frozenset[int]]:
        """The rowids in quarantine, by table."""
        return self._rowids("audit", "quarantine")

    def _rowids(self, schema: str, table: str) -> dict[str, frozenset[int]]:
        if (schema, table) not in self.relations:
            return {}
        grouped = self._rows(f"select table_name, array_agg(distinct rowid) from {schema}.{table} group by 1")
        return {name: frozenset(rowids) for name, rowids in grouped}

    def _has_values(self, relation: str, column: str) -> bool:
        return bool(self._rows(f"select 1 from {relation} where {source.quote(column)} is not null limit 1"))

    def _rows(self, statement: str) -> list[tuple]:  # type: ignore[type-arg]
        with self.ground.plain.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


def _public_name(column: str, declared: TargetTable) -> str:
    """The declared column of that name in whatever case, as SQLite has names, else the name that raw has."""
    lower = column.lower()
    return lower if lower in declared.columns and lower != ORIGIN else target_name(column, FORBIDDEN_COLUMNS)


def _indexed(declared: TargetTable, types: Mapping[str, pa.DataType]) -> dict[str, tuple[str, ...]]:
    """By the columns of each index those of text that no declared length keeps short."""
    listed = (index.partition("(")[2].partition(")")[0].split(", ") for index in declared.indexes.values())
    named = ([column.split()[0] for column in columns] for columns in listed)
    short = {name for name in types if f"{declared.name}_{name}_length" in declared.checks}
    found = {
        ", ".join(columns): tuple(name for name in columns if name not in short and types.get(name) == pa.string())
        for columns in (declared.key, *declared.unique, *named)
    }
    return {columns: texts for columns, texts in found.items() if texts}


def _types(schema: pa.Schema) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in schema}
