"""A build that is not kept: its statements run on one connection, in one transaction that is rolled back at the end.

What a build would do is thus told by the build itself. Each of its transactions becomes a savepoint, so that an error
undoes what it would have undone. Procedures are not called: they refresh and compress, and some commit by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import psycopg2.extensions
from dbt_common.events.contextvars import get_node_info

COMMENT = re.compile(r"\s*(/\*.*?\*/|--[^\n]*\n)", re.DOTALL)
NAME = r'("?[^\s."]+"?\."?[^\s."(;]+"?)'  # with its schema: temporary tables have none
ROWS = re.compile(rf"(?:with\b.*?\))?\s*(insert into|update|delete from)\s+{NAME}", re.DOTALL | re.IGNORECASE)
# Functions of the project's own are made anew by each build.
DEFINITION = re.compile(
    r"(create(?! or replace (function|procedure))|alter|drop|comment|grant|revoke)\b", re.IGNORECASE
)
TEMPORARY = re.compile(r"create (or replace )?temp|(drop|alter) \w+ (if exists )?(pg_temp\.)", re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """A statement that would last.

    Attributes:
        node: the name of dbt's node; empty for a hook.
        action: insert into, update, delete from, define or call.
        relation: of rows, `schema.name` without quotes; empty for others.
        rows: how many it touched.
        sql: itself.
    """

    node: str
    action: str
    relation: str
    rows: int
    sql: str


@dataclass
class Rehearsal:
    """Stands where dbt has the handle of a connection, in each thread the same one.

    `steps` are what the build did so far.
    """

    connection: psycopg2.extensions.connection
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keep()

    def keep(self) -> None:
        """Where the build would commit."""
        self._do("savepoint build")

    def rollback(self) -> None:
        """Where it would roll back, to its last commit."""
        self._do("rollback to savepoint build")

    def close(self) -> None:
        """Nothing: the next node goes on in the same transaction."""

    def cursor(self) -> _Cursor:
        """A cursor that notes what would last."""
        return _Cursor(self)

    def __getattr__(self, name: str) -> Any:
        """All else is the connection's own."""
        return getattr(self.connection, name)

    def _do(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)


class _Cursor(psycopg2.extensions.cursor):
    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__(rehearsal.connection)
        self._rehearsal = rehearsal

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  psycopg2's name
        sql = str(query)
        while comment := COMMENT.match(sql):
            sql = sql[comment.end() :]
        sql = sql.strip()
        word = sql.split(None, 1)[0].rstrip(";").lower() if sql else ""
        if word in ("begin", "commit"):
            super().execute("release savepoint build; savepoint build")
        elif word == "rollback":
            super().execute("rollback to savepoint build")
        elif word == "call":
            self._note("call", "", 0, sql)
            super().execute("do 'begin end'")
        else:
            self.connection.notices.clear()
            super().execute(query, vars)
            idle = any(told.rstrip().endswith("skipping") for told in self.connection.notices)  # `if not exists`
            if found := ROWS.match(sql):
                self._note(found[1].lower(), found[2].replace('"', ""), self.rowcount, sql)
            elif DEFINITION.match(sql) and not TEMPORARY.match(sql) and not idle:
                self._note("define", "", 0, sql)

    def _note(self, action: str, relation: str, rows: int, sql: str) -> None:
        node = get_node_info().get("node_name", "")
        self._rehearsal.steps.append(Step(node, action, relation, max(rows, 0), sql))
