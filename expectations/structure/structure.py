"""All declared tables and aggregates as the target has them, read once for a run of the checkpoint."""

from __future__ import annotations

import re
from functools import cached_property

import jinja2
import psycopg2
import psycopg2.extensions

from expectations.catalog import Catalog
from expectations.structure import found
from expectations.structure.compare import Comparison
from expectations.structure.expressions import plan
from loader.source import quote

MADE_BY = """
    select view_definition from timescaledb_information.continuous_aggregates
    where view_schema = 'public' and view_name = %s
"""
COLUMNS = """
    select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""
EXTENSION = """
    select quote_ident(nspname) from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
    where extname = 'timescaledb'
"""


class Structure:
    """The comparison of each table, and of each aggregate's SQL, by name."""

    def __init__(self, connection: psycopg2.extensions.connection, declared: Catalog) -> None:
        self.connection, self.declared = connection, declared

    @cached_property
    def _found(self) -> dict[str, found.Found]:
        return found.read(self.connection, self.declared.tables)

    def table(self, name: str) -> Comparison | None:
        """The table held against its declaration, or None if there is none."""
        if name not in self._found:
            return None
        table, of_source = self.declared.tables[name], name in self.declared.sources
        return Comparison(self.connection, table, self._found[name], of_source)

    def aggregate(self, name: str) -> list[str]:
        """What is wrong with an aggregate's SQL: PostgreSQL must plan the model's and the catalog's alike."""
        aggregate, made = self.declared.aggregates[name], self._value(MADE_BY, name)
        if made is None:
            return [f"there is no continuous aggregate public.{name}"]
        base = aggregate.base
        template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(aggregate.sql)
        try:
            sql = template.render(ref=quote, timescaledb=lambda: self._value(EXTENSION))
            found = re.sub(rf"\bpublic\.{base}\b", base, made.rstrip("; \n"))
            columns = self._columns(base)
            same = plan(self.connection, sql, base, columns) == plan(self.connection, found, base, columns)
        except (jinja2.TemplateError, psycopg2.Error) as error:
            return [f"its model cannot be asked of PostgreSQL: {str(error).splitlines()[0]}"]
        return [] if same else [f"it is made by: {' '.join(made.split())}"]

    def _columns(self, relation: str) -> dict[str, str]:
        with self.connection.cursor() as cursor:
            cursor.execute(COLUMNS, (f"public.{quote(relation)}",))
            return {str(name): str(kind) for name, kind in cursor.fetchall()}

    def _value(self, query: str, *values: str) -> str | None:
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            row = cursor.fetchone()
        return str(row[0]) if row else None
