"""One table held against its declaration: what is missing, otherwise, or there without being declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg2.extensions

from expectations.catalog import TargetTable
from expectations.structure.expressions import normalised
from expectations.structure.found import Found, Row
from expectations.structure.indexes import Index, declared, existing

IDENTITY = re.compile(r"\bgenerated (always|by default) as identity\b", re.I)
GENERATED = re.compile(r"\bgenerated always as \((.*)\) stored\b", re.I | re.S)
DEFAULT = re.compile(r"\bdefault (.*)$", re.I | re.S)
GREATEST_ID = 2**63 - 1
IDS_LEFT = 10**9  # fewer than these are left: whoever writes will be refused one day
OWN = "relies on what is not PostgreSQL's own: "


@dataclass(frozen=True)
class Clause:
    """How a column fills itself: as an identity (a or d, as the catalog has it), or by an expression."""

    identity: str = ""
    generated: str = ""
    filled: str = ""

    @classmethod
    def of(cls, text: str) -> Clause:
        if found := IDENTITY.search(text):
            return cls(identity="a" if found[1].lower() == "always" else "d")
        if found := GENERATED.search(text):
            return cls(generated="s", filled=found[1])
        found = DEFAULT.search(text)
        return cls(filled=found[1] if found else "")

    @classmethod
    def found(cls, row: Row) -> Clause:
        return cls(row["identity"], row["generated"], row["filled"] or "")

    def __str__(self) -> str:
        if self.identity:
            return f"generated {'always' if self.identity == 'a' else 'by default'} as identity"
        if not self.filled:
            return "no default"
        return f"generated always as ({self.filled})" if self.generated else f"default {self.filled}"


class Comparison:
    """The declaration and the catalog of one table, in PostgreSQL's words; each method tells one kind of difference.

    Of a table that the source has, the file itself says which NOT NULLs, defaults and unique groups stand beside those
    declared: the suite constraints holds them against the file, and they are left alone here.
    """

    def __init__(
        self, connection: psycopg2.extensions.connection, table: TargetTable, found: Found, of_source: bool
    ) -> None:
        self.connection, self.table, self.found, self.of_source = connection, table, found, of_source
        self._kinds = dict(table.columns) | {
            name: str(row["type"]) for name, row in found.columns.items() if not row["own"]
        }
        self._parts = {name: declared(text) for name, text in table.indexes.items()}
        self._normal = self._normalise()

    def columns(self) -> Iterator[str]:
        """Types, NOT NULLs, defaults, identities and generated expressions."""
        table = self.table
        if self.found.table["kind"] not in ("r", "p"):
            yield "it is no table"
        for name, kind in table.columns.items():
            row = self.found.columns.get(name)
            if row is None:
                yield f"{name} is missing"
                continue
            wanted, there = self._type(kind), str(row["type"]) if row["own"] else self._type(row["type"])
            if wanted != there and name in table.widened:
                yield f"{name} is {row['type']}, and values of the source need {kind}: `dbt build` says what hinders it"
            elif wanted != there:
                yield f"{name} is {row['type']}, declared as {kind}"
            if row["collated"]:
                yield f"{name} has a collation of its own"
            clause = Clause.of(table.clauses.get(name, ""))
            required = bool(clause.identity) or name in table.required or name in table.key
            if row["required"] != required and not (row["required"] and self.of_source):
                yield f"{name} {'lets NULL in' if required else 'refuses NULL'}, which is not declared"
            if self.of_source and clause == Clause() and not (row["identity"] or row["generated"]):
                continue
            if self._filling(clause, kind) != self._filling(Clause.found(row), kind, own=row["own"]):
                yield f"{name} has {Clause.found(row)}, declared is {clause}"
        for row in self._undeclared():
            if row["required"] and not row["filled"] and not row["identity"]:
                yield f"{row['name']}, which is not declared, refuses every row that has no value for it"

    def constraints(self) -> Iterator[str]:
        """Keys, foreign keys with their actions, unique groups and checks: those missing and those too many."""
        wanted = list(self._wanted_constraints())
        there = {self._constraint(row): row for row in self.found.constraints}
        for definition in wanted:
            row = there.get(definition)
            if row is None:
                yield f"missing {definition}"
            elif row["flaw"]:
                yield f"{row['flaw']}: {definition}"
        for definition, row in there.items():
            if definition not in wanted and not self._is_rule(row):
                yield f"not declared {row['name']}: {definition}"

    def indexes(self) -> Iterator[str]:
        """Named indexes that are missing, otherwise or out of use, and unique ones that nobody has declared."""
        wanted = {parts.index(self._say): name for name, parts in self._parts.items()}
        there = {self._index(row): row for row in self.found.indexes if not row["unique"] and not row["broken"]}
        for index, name in wanted.items():
            if index not in there:
                yield f"missing {name}: {index}"
        for row in self.found.indexes:
            if row["broken"]:
                yield f"{row['name']} is not in use: it was never finished"
            if row["unique"]:
                yield f"not declared {row['name']}: unique {self._index(row)}"

    def ids(self) -> Iterator[str]:
        """Sequences that would give an id twice, or none."""
        for name, sequence in self.found.sequences.items():
            usual = {"increment": 1, "minimum": 1, "maximum": GREATEST_ID, "cycle": False, "persistence": "p"}
            yield from (
                f"the sequence of {name} has {what} {sequence[what]}, not {value}"
                for what, value in usual.items()
                if sequence[what] != value
            )
            if not sequence["readable"]:
                yield f"the sequence of {name} may not be read by this role: grant select on it"
                continue
            last = sequence["last_value"] or 0
            greatest = self._greatest(name)
            if greatest > last:
                yield f"the last id given for {name} is {last:,}, but there is {greatest:,}: the next ones are taken"
            if GREATEST_ID - last < IDS_LEFT:
                yield f"the last id given for {name} is {last:,}: few are left"

    def unusual(self) -> Iterator[str]:
        """What loses and refuses nothing, but is not as declared, or nobody has declared it."""
        table, row = self.table, self.found.table
        if (row["comment"] or "") != table.description.strip():
            yield f"the comment is {row['comment']!r}"
        for name, text in table.descriptions.items():
            if name in self.found.columns and (self.found.columns[name]["comment"] or "") != text:
                yield f"the comment of {name} is {self.found.columns[name]['comment']!r}"
        for name, column in self.found.columns.items():
            if column["statistics"] is not None:
                yield f"the statistics target of {name} is {column['statistics']}"
        wanted = {parts.index(self._say) for parts in self._parts.values()}
        for index in self.found.indexes:
            if not index["unique"] and self._index(index) not in wanted:
                yield f"not declared {index['name']}: {self._index(index)}"
        for column in self._undeclared():
            if not column["in_raw"]:
                yield f"the column {column['name']} is not declared, and the source has none of that name"
        for sequence in self.found.sequences.values():
            if sequence["cache"] != 1:
                yield f"the sequence of {sequence['name']} hands out {sequence['cache']:,} ids at a time"
        yield from self._unusual_storage(row)

    @staticmethod
    def _unusual_storage(row: Row) -> Iterator[str]:
        if row["owner"] != row["builder"]:
            yield f"it belongs to {row['owner']}, and the quarantine to {row['builder']}: one of them cannot build"
        if row["tablespace"]:
            yield f"it lies in the tablespace {row['tablespace']}"
        if row["replica_identity"] != "d":
            yield "its replica identity is not the primary key"
        if row["options"]:
            yield f"it has the options {', '.join(row['options'])}"
        if row["owner_may_not"]:
            yield f"its owner may not {', '.join(row['owner_may_not'])}"

    def _is_rule(self, row: Row) -> bool:
        not_null = row["kind"] == "c" and re.fullmatch(rf"{self.table.name}_\w+_not_null", row["name"])
        return self.of_source and (row["kind"] == "u" or bool(not_null))

    def _undeclared(self) -> list[Row]:
        return [row for name, row in self.found.columns.items() if name not in self.table.columns]

    def _normalise(self) -> dict[str, str]:
        """Every expression of either side as PostgreSQL writes it, by its text, in one question."""
        table, found = self.table, self.found
        told = [f"null::{kind}" for kind in table.columns.values()]
        told += [f"null::{row['type']}" for row in found.columns.values() if not row["own"]]
        told += [_cast(Clause.of(text).filled, table.columns[name]) for name, text in table.clauses.items()]
        told += [
            _cast(row["filled"], table.columns[name])
            for name, row in found.columns.items()
            if row["filled"] and not row["own"] and name in table.columns
        ]
        told += table.checks.values()
        told += [row["condition"] for row in found.constraints if row["condition"] and not row["own"]]
        for parts in (*self._parts.values(), *(existing(row) for row in found.indexes if not row["own"])):
            told += parts.expressions()
        told = [text for text in dict.fromkeys(told) if text]
        return dict(zip(told, normalised(self.connection, self._kinds, told), strict=True))

    def _say(self, expression: str) -> str:
        return self._normal.get(expression, OWN + expression)

    def _type(self, kind: str) -> str:
        return self._say(f"null::{kind}")

    def _filling(self, clause: Clause, kind: str, own: bool = False) -> Clause:
        if not clause.filled:
            return clause
        filled = OWN + clause.filled if own else self._say(_cast(clause.filled, kind))
        return Clause(clause.identity, clause.generated, filled)

    def _wanted_constraints(self) -> Iterator[str]:
        table = self.table
        yield f"PRIMARY KEY ({', '.join(table.key)})"
        yield from (f"UNIQUE ({', '.join(columns)})" for columns in table.unique)
        for foreign in table.foreign_keys:
            referred = f"public.{foreign.table}({', '.join(foreign.referred)})"
            definition = f"FOREIGN KEY ({', '.join(foreign.columns)}) REFERENCES {referred} {foreign.actions.upper()}"
            yield definition.strip()
        yield from (f"CHECK {self._say(expression)}" for expression in table.checks.values())

    def _constraint(self, row: Row) -> str:
        if row["kind"] == "c":
            return f"CHECK {OWN + row['condition'] if row['own'] else self._say(row['condition'])}"
        definition = str(row["definition"]).replace('"', "")
        return definition.removesuffix(" NOT VALID").removesuffix(" NOT ENFORCED")

    def _index(self, row: Row) -> Index:
        say: Callable[[str], str] = (lambda text: OWN + text) if row["own"] else self._say
        return existing(row).index(say)

    def _greatest(self, name: str) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(f'select max("{name}") from public."{self.table.name}"')
            ((greatest,),) = cursor.fetchall()
        return int(greatest or 0)


def _cast(expression: str, kind: str) -> str:
    return f"cast({expression} as {kind})" if expression else ""
