"""All declared tables and aggregates as the target has them, read once for a run of the checkpoint."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import jinja2
import psycopg2
import psycopg2.extensions

from expectations.catalog import Catalog
from expectations.structure import found as catalogs
from expectations.structure.compare import Comparison
from expectations.structure.expressions import plan
from loader.source import quote
from quant.server import extension

# `own`: it relies on a function, operator or type that is neither PostgreSQL's nor an extension's, and is not planned.
MADE_BY = """
    select a.view_definition, exists (
        select from pg_rewrite as r
        join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        where r.ev_class = to_regclass(format('%%I.%%I', c.direct_view_schema, c.direct_view_name))
        and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
        and not exists (
            select from pg_depend as e
            where (e.classid, e.objid) = (d.refclassid, d.refobjid) and e.deptype = 'e'
        )
    ) as own
    from timescaledb_information.continuous_aggregates as a
    join _timescaledb_catalog.continuous_agg as c
    on (c.user_view_schema, c.user_view_name) = (a.view_schema, a.view_name)
    where a.view_schema = 'public' and a.view_name = %s
"""
COLUMNS = """
    select attname, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""


class Structure:
    """The comparison of each table, and of each aggregate's SQL, by name."""

    def __init__(self, connection: psycopg2.extensions.connection, declared: Catalog) -> None:
        self.connection, self.declared = connection, declared

    @cached_property
    def tables(self) -> dict[str, Comparison]:
        """Each table that is there, held against its declaration."""
        tables, sources = self.declared.tables, self.declared.sources
        return {
            name: Comparison(self.connection, tables[name], one, name in sources)
            for name, one in catalogs.read(self.connection, tables).items()
        }

    def aggregate(self, name: str) -> list[str]:
        """What is wrong with an aggregate's SQL: PostgreSQL must plan the model's and the catalog's alike."""
        aggregate, found = self.declared.aggregates[name], self._row(MADE_BY, name)
        if found is None:
            return [f"there is no continuous aggregate public.{name}"]
        made, base = str(found[0]), aggregate.base
        if found[1]:
            return [f"it relies on what is not PostgreSQL's own: {' '.join(made.split())}"]
        template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(aggregate.sql)
        try:
            sql = template.render(ref=quote, timescaledb=lambda: extension.ask(self.connection), summed=self._summed)
            kept = re.sub(rf"\bpublic\.{base}\b", base, made.rstrip("; \n"))
            columns = self._columns(base)
            same = plan(self.connection, sql, base, columns) == plan(self.connection, kept, base, columns)
        except (jinja2.TemplateError, psycopg2.Error) as error:
            return [f"its model cannot be asked of PostgreSQL: {str(error).splitlines()[0]}"]
        return [] if same else [f"it is made by: {' '.join(made.split())}"]

    def _summed(self, column: str, relation: str) -> str:
        wide = self._columns(relation.strip('"')).get(column) == "double precision"
        return f"sum({column}{'::text::numeric' if wide else ''})"

    def _columns(self, relation: str) -> dict[str, str]:
        with self.connection.cursor() as cursor:
            cursor.execute(COLUMNS, (f"public.{quote(relation)}",))
            return {str(name): str(kind) for name, kind in cursor.fetchall()}

    def _row(self, query: str, *values: str) -> tuple[Any, ...] | None:
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchone()
