"""The loader's own books in the target: loads, tables, windows, rejected rows, and which rows of raw were removed.

dlt cannot promise exactly-once: a job that was killed between its commit and dlt's note of it runs
again. So each window's entry commits with its rows, and what the ledger says is what is there.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2.extensions

from loader.ledger_tables import TABLES
from loader.source import quote

if TYPE_CHECKING:
    from loader.plan import TablePlan

SCHEMA = "raw"
# Of a table `t` of raw._tables: fewer rows are noted as removed than once were.
LOST = "t.removed_rows > (select count(*) from raw._removed as r where r.table_name = t.table_name)"
RELATIONS = tuple(f"raw.{name}" for name in ("_loads", "_tables", "_windows", "_removed", "rejected_rows"))


@dataclass(frozen=True)
class Entry:
    """A window as the ledger has it: what was in the source when it was last loaded, and the digest of its pages."""

    low: int
    high: int
    rows: int
    rejected: int
    fingerprint: str
    pages: str | None


@dataclass(frozen=True)
class Load:
    """One run of the loader."""

    load_id: int
    started_at: Any
    finished_at: Any
    source: str
    fingerprint: str | None
    outcome: str | None
    tables: int | None


def remove(cursor: psycopg2.extensions.cursor, table: str, condition: str, load_id: int) -> int:
    """Delete the rows of a table of raw (`t` in the condition) and note which; return how many.

    Who keeps in step with raw finds new rows by their `_load_id`, and by these notes those replaced or deleted.
    """
    delete = f"delete from raw.{quote(table)} as t where {condition} returning t._rowid".replace("%", "%%")  # in names
    cursor.execute(
        f"with removed as ({delete}) "
        "insert into raw._removed (table_name, rowid, load_id) select distinct %s, _rowid, %s::bigint from removed "
        "on conflict (table_name, rowid) do update set load_id = excluded.load_id",
        (table, load_id),
    )
    return int(cursor.rowcount)


class Ledger:
    """Reads and writes the books over one connection in autocommit."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        connection.autocommit = True
        self.connection = connection

    def exists(self) -> bool:
        """Whether anything was ever loaded here."""
        return bool(self._value("select to_regclass('raw._windows') is not null"))

    def prepare(self) -> None:
        """Make the ledger's tables where they are missing."""
        with self.connection.cursor() as cursor:
            cursor.execute(TABLES)

    def loads(self, limit: int) -> list[Load]:
        """The latest runs, newest first."""
        columns = "load_id, started_at, finished_at, source, fingerprint, outcome, tables"
        return [Load(*row) for row in self._rows(f"select {columns} from raw._loads order by 1 desc limit %s", limit)]

    def begin(self, source: str, doubtful: Collection[str] = ()) -> int:
        """Open a load and return its number, greater than all that any book or build knows.

        Args:
            source: the name of the file.
            doubtful: tables of raw whose rows may be of later loads than the books say.
        """
        self._note_lost_loads(doubtful)
        seen = [f"select max(_load_id) from raw.{quote(table)}" for table in doubtful]
        if self._value("select to_regclass('audit.build_state') is not null"):
            seen.append("select max(load_id) from audit.build_state")
        books = ("_loads", "_tables", "_windows", "_removed", "rejected_rows")
        seen += [f"select max(load_id) from raw.{book}" for book in books]
        latest = f"greatest(0, ({'), ('.join(seen)}))".replace("%", "%%")  # in names
        number = self._value(
            f"insert into raw._loads (load_id, source) select 1 + {latest}, %s returning load_id", source
        )
        self._do(f"update raw._tables as t set noted_since = %s, removed_rows = 0 where {LOST}", number)
        return int(number)

    def _note_lost_loads(self, doubtful: Collection[str]) -> None:
        """Note the loads that other books and rows tell of, where the book of loads was emptied or set back."""
        told = [f"select load_id from raw.{book}" for book in ("_tables", "_windows", "_removed", "rejected_rows")]
        told += [f"select _load_id from raw.{quote(table)}" for table in doubtful]
        self._do(
            "insert into raw._loads (load_id, started_at, finished_at, source, outcome) "
            "select load_id, now(), now(), 'unknown', 'its note was lost' "
            f"from ({' union '.join(told)}) as told (load_id) "
            "where load_id is not null and not exists (select from raw._loads as l where l.load_id = told.load_id)"
        )

    def lost_notes(self) -> bool:
        """Whether notes of removed rows are missing."""
        return bool(self._value(f"select exists (select from raw._tables as t where {LOST})"))

    def finish(self, load_id: int, digest: str | None, outcome: str) -> None:
        """Close a load; `digest` is that of the whole file, None when only a part of it was loaded."""
        # A table that was dropped from raw, and that no load makes again, is not looked for; rejected rows are data.
        for book in ("_tables", "_windows", "_removed"):
            self._do(f"delete from raw.{book} where to_regclass(format('raw.%I', table_name)) is null")
        self._do(
            "update raw._loads set finished_at = clock_timestamp(), fingerprint = %s, outcome = %s, "
            "tables = (select count(*) from raw._tables) where load_id = %s",
            digest,
            outcome,
            load_id,
        )

    def windows(self) -> dict[str, dict[int, Entry]]:
        """Every window by table and lower end."""
        found: dict[str, dict[int, Entry]] = {}
        listed = "select table_name, low, high, source_rows, rejected_rows, fingerprint, pages from raw._windows"
        for table, *entry in self._rows(listed) if self.exists() else ():
            found.setdefault(table, {})[entry[0]] = Entry(*entry)
        return found

    def forget(self, table: str, rows_outside_windows: str) -> None:
        """Strike a table's windows, so that every one of them is compared row by row, and its rejected rows outside."""
        self._do(
            "delete from raw._windows where table_name = %s; "
            f"delete from raw.rejected_rows where table_name = %s and ({rows_outside_windows})",
            table,
            table,
        )

    def columns(self) -> dict[str, dict[str, str]]:
        """The tables of raw that hold source rows, with their columns and types."""
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in self._rows(
            "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) "
            "from pg_class c join pg_attribute a on a.attrelid = c.oid "
            "where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped "
            "order by c.relname, a.attnum"
        ):
            found.setdefault(table, {})[column] = kind
        return {table: columns for table, columns in found.items() if {"_rowid", "_load_id"} <= columns.keys()}

    def width(self, table: str) -> int:
        """How many columns a table of raw has ever had: PostgreSQL counts those that were dropped."""
        counted = "select count(*) from pg_attribute where attrelid = %s::regclass and attnum > 0"
        return int(self._value(counted, f"raw.{quote(table)}"))

    def views_on(self, table: str) -> list[tuple[str, str, str]]:
        """The views that read a table of raw, directly or through others, as (schema, name, name for SQL)."""
        return self._rows(
            "with recursive readers (relation) as ("
            "select to_regclass(%s)::oid union select r.ev_class from readers "
            "join pg_depend d on d.refobjid = readers.relation and d.classid = 'pg_rewrite'::regclass "
            "join pg_rewrite r on r.oid = d.objid) "
            "select nspname, relname, format('%%I.%%I', nspname, relname) "
            "from readers join pg_class c on c.oid = relation "
            "join pg_namespace n on n.oid = relnamespace where relkind in ('v', 'm') order by 3",
            f"raw.{quote(table)}",
        )

    def count(self, table: str) -> int:
        """The rows that a table of raw really has."""
        return int(self._value(f"select count(*) from raw.{quote(table)}"))

    def index(self, table: str) -> None:
        """Make rows quick to find by window and by load, for merging and for those who read what a load changed.

        A BRIN is a few pages however large the table is; it is made for the second load, so the first pays nothing.
        PostgreSQL names it: any name of ours could be that of a table.
        """
        relation = f"raw.{quote(table)}"
        made = self._rows(
            "select indexrelid::regclass::text from pg_index join pg_class c on c.oid = indexrelid "
            "join pg_am a on a.oid = c.relam where indrelid = %s::regclass and amname = 'brin'",
            relation,
        )
        if made:
            self._do("select brin_summarize_new_values(%s)", made[0][0])
        else:
            # Without statistics the planner knows no better than to read everything.
            analyze = f"analyze {relation} (_rowid, _load_id)"
            self._do(f"create index on {relation} using brin (_rowid, _load_id); {analyze}")

    def all_null(self, table: str, column: str) -> bool:
        """Whether a column of raw holds no value at all."""
        found = self._rows(f"select 1 from raw.{quote(table)} where {quote(column)} is not null limit 1")
        return not found

    def recorded(self) -> list[tuple[str, dict[str, str], int, int]]:
        """Each table as the last load left it: name, columns with their types, rows in raw, rejected rows."""
        found = self._rows("select table_name, columns, raw_rows, rejected_rows from raw._tables")
        return [(name, {one["name"]: one["type"] for one in columns.values()}, *rows) for name, columns, *rows in found]

    def lines(self) -> list[tuple[str, int, int, int, int, int]]:
        """Each table: name, source rows, raw rows, rejected rows, windows, load."""
        return self._rows(
            "select table_name, t.source_rows, t.raw_rows, t.rejected_rows, count(w.low), t.load_id "
            "from raw._tables t left join raw._windows w using (table_name) "
            "group by t.table_name order by t.source_rows desc, t.table_name"
        )

    def rejected(self) -> dict[str, int]:
        """How many rows of each table are kept in raw.rejected_rows."""
        counted = "select table_name, count(*) from raw.rejected_rows group by 1"
        return dict(self._rows(counted)) if self.exists() else {}

    def record(self, table: TablePlan, load_id: int, raw_rows: int) -> tuple[int, int]:
        """Write a table's line from its windows and return (source rows, rejected rows).

        `columns` and `keys` also tell what the file declares, which no row of raw does. `key` is the one
        by which the source tells rows apart; it is null where the rowid does.
        """
        declared = {column.name: column for column in table.source.columns}
        columns = {
            column.source: {
                "name": column.target,
                "type": column.type,
                "required": declared[column.source].required,
                "default": declared[column.source].default,
            }
            for column in table.columns
        }
        names = {column.source: column.target for column in table.columns}
        keys = [[names[name] for name in key] for key in table.source.keys]
        key = None if table.source.key is None else [names[name] for name in table.source.key]
        (counts,) = self._rows(
            "insert into raw._tables as t "
            "(table_name, source_rows, raw_rows, rejected_rows, columns, keys, key, load_id, "
            "removed_rows, noted_since) "
            "select %s, coalesce(sum(source_rows), 0), %s, coalesce(sum(rejected_rows), 0), %s, %s, %s, %s, "
            "(select count(*) from raw._removed where table_name = %s), %s from raw._windows where table_name = %s "
            "on conflict (table_name) do update set source_rows = excluded.source_rows, raw_rows = excluded.raw_rows, "
            "rejected_rows = excluded.rejected_rows, columns = excluded.columns, keys = excluded.keys, "
            "key = excluded.key, load_id = excluded.load_id, "
            "removed_rows = excluded.removed_rows, noted_since = coalesce(t.noted_since, excluded.noted_since), "
            "loaded_at = clock_timestamp() returning source_rows, rejected_rows",
            *(
                table.target,
                raw_rows,
                *(json.dumps(told, ensure_ascii=False) for told in (columns, keys)),
                key,
                load_id,
            ),
            *(table.target, load_id, table.target),
        )
        return int(counts[0]), int(counts[1])

    def _do(self, sql: str, *values: object) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def _value(self, sql: str, *values: object) -> Any:
        return self._rows(sql, *values)[0][0]
