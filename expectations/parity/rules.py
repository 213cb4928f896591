"""The NOT NULL, DEFAULT and UNIQUE that the file declares, held against those that stand in public.

Nothing here believes what a build noted: a rule that does not stand has to be broken by rows that are there.
The note in audit.source_rules is asked for as well, for it is what people read.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import psycopg2.extensions

from expectations.catalog import TargetTable
from expectations.parity import canonical
from expectations.parity.file_rules import FileRules, default_value, must_translate
from expectations.structure.expressions import normalised
from loader.source import quote
from quant.text import counted


def _whole(value: object) -> int:
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    raise ValueError(f"{value!r} is no whole number")


def _moment(value: object) -> datetime | None:
    read = canonical.read_instant(value)
    return None if read is None else canonical.EPOCH + read * canonical.MICROSECOND


Columns = frozenset[str]
LONGEST_ENTRY = 2500  # bytes of text that certainly fit an index
SLACK = timedelta(minutes=5)  # between the two clocks that are asked
READERS: Mapping[str, Callable[[object], object]] = {
    "bigint": _whole,
    "boolean": canonical.read_boolean,
    "date": canonical.read_date,
    "double precision": lambda value: float(str(value)),
    "text": str,
    "timestamp with time zone": _moment,
}
COLUMNS = """
    select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity <> '',
        pg_get_expr(d.adbin, d.adrelid),
        exists (select from pg_depend p where p.classid = 'pg_attrdef'::regclass and p.objid = d.oid
            and p.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass))
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
"""
CHECKS = """
    select
        (select array_agg(attname::text) from pg_attribute where attrelid = c.conrelid and attnum = any(c.conkey)),
        c.conname, pg_get_expr(c.conbin, c.conrelid)
    from pg_constraint c where c.conrelid = %s::regclass and c.contype = 'c' and c.convalidated
"""
UNIQUE = """
    select (select array_agg(attname::text) from pg_attribute where attrelid = i.indrelid and attnum = any(i.indkey))
    from pg_index i where i.indrelid = %s::regclass and i.indisunique and i.indisvalid and i.indimmediate
    and i.indpred is null and i.indexprs is null
"""


@dataclass
class Found:
    """What is wrong with a table's rules, and what is weakened with good reason, in sentences."""

    problems: list[str] = field(default_factory=list)
    weakened: list[str] = field(default_factory=list)


class Judge:
    """Asks public what stands there; one for a table."""

    def __init__(
        self, connection: psycopg2.extensions.connection, declared: TargetTable, file: FileRules | None
    ) -> None:
        self.connection, self.declared, self.file = connection, declared, file
        self.relation = f"public.{quote(declared.name)}"
        self.found = Found()
        self.columns = {name: rest for name, *rest in self._rows(COLUMNS, self.relation)}
        self.noted = {
            (kind, columns)
            for kind, columns in self._rows(
                "select kind, columns from audit.source_rules where table_name = %s and weakened is not null",
                declared.name,
            )
        }

    def judge(self) -> Found:
        """All three kinds, in both directions."""
        self._required()
        self._defaults()
        self._unique()
        return self.found

    def _required(self) -> None:
        rules, file = self.declared.rules, self.file
        wanted = rules.required.keys() if file is None else file.required
        strict = {*self.declared.required, *self.declared.key}
        checks = {str(name): (set(columns or ()), told) for columns, name, told in self._rows(CHECKS, self.relation)}
        refusing = set[str]()
        for name in sorted(self.columns.keys() & wanted - strict):
            but_for_stubs = rules.stubs if rules.required.get(name, True) else ""
            condition = f"{quote(name)} is not null or coalesce({but_for_stubs or 'false'}, false)"
            alike = {
                check for check, (columns, told) in checks.items() if name in columns and self._is(told, condition)
            }
            refusing |= alike
            if not self.columns[name][1] and not alike:
                rows = self._count(f"{quote(name)} is null and not coalesce({but_for_stubs or 'false'}, false)")
                self._weakened("not_null", name, "may be NULL", rows, counted(rows, "row is", "rows are"))
        for name in sorted(self.columns.keys() - wanted - strict):
            if self.columns[name][1] and not self.columns[name][2]:
                self._wrong(f"{name} is NOT NULL in public, which neither models/ nor the file says of it")

        ours = re.compile(rf"{re.escape(self.declared.name)}_\w+_not_null")
        for check in sorted(filter(ours.fullmatch, checks.keys() - refusing - self.declared.checks.keys())):
            self._wrong(f"the check {check} stands in public, which neither models/ nor the file asks for")

    def _is(self, told: str, condition: str) -> bool:
        """Whether a check says this and nothing else."""
        kinds = {name: kind for name, (kind, *_) in self.columns.items()}
        here, there = normalised(self.connection, kinds, [told, condition])
        return here == there

    def _defaults(self) -> None:
        file, declared = self.file, self.declared.rules.defaults
        for name, (kind, _, identity, default, somebodys) in self.columns.items():
            if somebodys or (default is not None and kind not in (*READERS, "bytea")):
                self._wrong(f"{name} has a DEFAULT of somebody's own in public, {default}: it is not run here")
                continue
            told = file.defaults.get(name) if file else None
            counts_on = identity or (default or "").startswith("nextval(")
            if (file and file.number == name) or declared.get(name, "").startswith("nextval("):
                if not counts_on:
                    self._wrong(f"{name} does not count on in public: it has no sequence")
            elif told is not None and file:
                self._told_default(name, kind, told, file.types[name], default)
            elif name in declared:
                self._same(name, default, self._evaluated(declared[name], kind), declared[name], kind)
            elif default is not None and not counts_on and name not in self.declared.clauses:
                self._wrong(f"{name} has a DEFAULT in public, {default}, which neither models/ nor the file says of it")

    def _told_default(self, name: str, kind: str, told: str, type_there: str, default: str | None) -> None:
        """The file's default, worked out by SQLite itself."""
        try:
            value = default_value(told, type_there)
            wanted = None if value is None else self._reader(name, kind)(value)
        except (sqlite3.Error, ValueError, OverflowError, KeyError):
            wanted, needed = None, False
        else:
            needed = must_translate(told)
        if default is None and ("default", name) in self.noted and not needed:
            self.found.weakened.append(f"{self.declared.name}.{name} has no DEFAULT, since nobody translates {told}")
        elif wanted is not None or name not in self.declared.rules.defaults:
            self._same(name, default, wanted, told, kind)

    def _reader(self, name: str, kind: str) -> Callable[[object], object]:
        regions = self.declared.regions()
        if name in regions:
            return canonical.read_region
        if name in {ticker for ticker, _ in regions.values()}:
            return canonical.read_ticker
        return canonical.read_timeframe if name == "timeframe" else READERS[kind]

    def _same(self, name: str, default: str | None, wanted: object, told: str, kind: str) -> None:
        found = None if default is None else self._evaluated(default, kind)
        if not _alike(found, wanted):
            self._wrong(f"{name} has the DEFAULT {default or 'NULL'} in public where {told} is declared")

    def _evaluated(self, expression: str, kind: str) -> object:
        return self._rows(f"select ({expression})::{kind}")[0][0]

    def _unique(self) -> None:
        rules, table = self.declared.rules, self.declared
        standing = {frozenset(columns) for (columns,) in self._rows(UNIQUE, self.relation) if columns}
        wanted = dict.fromkeys(self._beside_regions(frozenset(group)) for group in rules.unique)
        wanted |= dict.fromkeys(self._beside_regions(group) for group in (self.file.unique if self.file else ()))
        kept_not = {
            self._beside_regions(frozenset(re.split(r", |[()]", told)[1:-1])): why
            for told, why in rules.weakened.items()
        }
        for group in wanted:
            listed = ", ".join(sorted(map(quote, group)))
            name = self._noted_as(group)
            if group in standing or not group <= self.columns.keys():
                continue
            if group in kept_not:
                self.found.weakened.append(f"{table.name} ({name}) may be the same in two rows: {kept_not[group]}")
                continue
            given = " and ".join(f"{quote(column)} is not null" for column in sorted(group))
            rows = self._rows(
                f"select coalesce(sum(n), 0) from (select count(*) as n from {self.relation} where {given} "
                f"group by {listed} having count(*) > 1) as same"
            )[0][0]
            reason = f"{rows:,} rows share theirs"
            if not rows:
                texts = [column for column in sorted(group) if self.columns[column][0] == "text"]
                lengths = [f"coalesce(octet_length({quote(column)}), 0)" for column in texts] or ["0"]
                rows = self._count(f"{' + '.join(lengths)} > {LONGEST_ENTRY}")
                reason = f"{counted(rows, 'row is', 'rows are')} too long for an index"
            self._weakened("unique", name, "may be the same in two rows", int(rows), reason)
        uncalled = standing - wanted.keys() - {frozenset(table.key)} - {frozenset(group) for group in table.unique}
        for names in sorted(map(sorted, uncalled)):
            self._wrong(f"({', '.join(names)}) is unique in public, which neither models/ nor the file says of it")

    def _beside_regions(self, group: Columns) -> Columns:
        """A ticker alone is not unique in the world: its region stands beside it."""
        return group | {region for region, (ticker, _) in self.declared.regions().items() if ticker in group}

    def _noted_as(self, group: Columns) -> str:
        """The columns in the order in which the build wrote them down."""
        noted = (columns for kind, columns in self.noted if kind == "unique")
        return next((one for one in noted if frozenset(one.split(", ")) == group), ", ".join(sorted(group)))

    def _weakened(self, kind: str, name: str, what: str, rows: int, reason: str) -> None:
        if not rows:
            self._wrong(f"{name} {what} in public, though no row has it so: run `dbt build`")
        elif (kind, name) not in self.noted:
            self._wrong(f"{name} {what} in public, since {reason}, but audit.source_rules does not list it")
        else:
            self.found.weakened.append(f"{self.declared.name}.{name} {what}, since {reason}")

    def _wrong(self, what: str) -> None:
        self.found.problems.append(f"{self.declared.name}: {what}")

    def _count(self, condition: str) -> int:
        return int(self._rows(f"select count(*) from {self.relation} where {condition}")[0][0])

    def _rows(self, statement: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())


def _alike(found: object, wanted: object) -> bool:
    """Whether two values are the same; moments, which two clocks give, nearly so."""
    if isinstance(found, datetime) and isinstance(wanted, datetime):
        return abs(found.astimezone(UTC) - wanted.astimezone(UTC)) < SLACK
    if isinstance(found, str) and isinstance(wanted, str) and found != wanted:
        try:
            return abs(datetime.fromisoformat(found) - datetime.fromisoformat(wanted)) < SLACK
        except (TypeError, ValueError):
            return False
    if isinstance(found, date) and isinstance(wanted, date) and date.today() - found < timedelta(2):
        return abs(found - wanted) <= timedelta(1)
    return type(found) is type(wanted) and found == wanted
