"""The books of the loader and of the build, held against what they tell of.

People read them to judge a migration, and loads and builds act on them: a number in them is believed nowhere else.
Each function returns what is wrong, in sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg2.extensions

from expectations.catalog import Catalog, TargetTable
from expectations.parity.survey import Counts, Survey
from loader.plan import FORBIDDEN_COLUMNS, target_name
from loader.source import SourceTable, quote
from quant.text import literal

RAW_COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
"""
LOADS = """
    select load_id, finished_at is not null, finished_at < started_at or started_at > clock_timestamp() from raw._loads
"""
# Rows are looked for one by one only where sums over the rowids tell that raw lacks some.
PLACED = """
    select
        p.public_rows, p.stub_rows, p.application_rows,
        case
            when r.rowids = p.rowids + q.rowids and r.total = p.total + q.total then 0
            else (
                select count(*) from public.{table} as p
                where p.source_rowid is not null and not exists (select from {raw} as r where r._rowid = p.source_rowid)
            )
        end as kept_rows,
        q.quarantined_rows
    from (
        select
            count(*) as public_rows,
            count(*) filter (where source_rowid is null and stub) as stub_rows,
            count(*) filter (where source_rowid is null and not stub) as application_rows,
            count(source_rowid) as rowids,
            coalesce(sum(hashint8extended(source_rowid, 0)), 0) as total
        from (select source_rowid, coalesce({stub}, false) as stub from public.{table}) as p
    ) as p
    cross join (select {rowids}) as r
    cross join (
        select
            count(*) as quarantined_rows,
            count(rowid) as rowids,
            coalesce(sum(hashint8extended(rowid, 0)), 0) as total
        from audit.quarantine where table_name = {literal}
    ) as q
"""
ROWIDS = "count(*) as rowids, coalesce(sum(hashint8extended(_rowid, 0)), 0) as total from {raw} as r"
SHOWN, DOCTORED = "the view", "the view with more"
MORE = 3  # rows of the source that a doctored ledger tells of too many; a doctored quarantine has one too many
MORE_IN_BOOKS = f"""
    with _tables as (
        select (jsonb_populate_record(t.*, jsonb_build_object('source_rows', t.source_rows + {MORE}))).*
        from raw._tables as t
    ),

    quarantine as (
        select * from audit.quarantine
        union all
        select (jsonb_populate_record(null::audit.quarantine, jsonb_build_object('table_name', t.table_name))).*
        from raw._tables as t
    )
"""
NO_ROWS = "(select null::bigint as _rowid where false)"
Connection = psycopg2.extensions.connection


def _rows(connection: Connection, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


def ledger(survey: Survey, counts: Mapping[str, Counts]) -> Iterator[str]:
    """What `raw._loads`, `_tables`, `_windows`, `_removed` and `rejected_rows` say of the source and of raw."""
    plain = survey.ground.plain
    loads = _rows(plain, LOADS)
    known = {number for number, *_ in loads}
    yield from (f"load {n} of raw._loads ends before it begins, or begins after now" for n, _, odd in loads if odd)
    for place, number in _load_ids(survey):
        if number not in known:
            yield f"{place} tells of load {number}, which raw._loads does not know"
    yield from _tables(survey, counts)
    yield from _windows(survey, counts)
    for name, rows in _rows(plain, "select table_name, count(*) from raw.rejected_rows group by 1 order by 1"):
        if name not in survey.tables and name not in survey.left_over:
            which = f"raw.rejected_rows has {rows:,} of {name}, which is no table of the source"
            yield f"{which}: delete them, if they may go"


def _load_ids(survey: Survey) -> list[tuple[Any, ...]]:
    """The loads that each book and each table of raw tells of."""
    books = ("_tables", "_windows", "_removed", "rejected_rows")
    parts = [f"select distinct 'raw.{book}', load_id from raw.{book}" for book in books]
    told = _rows(survey.ground.plain, " union all ".join(parts))
    return sorted(told + [(f"raw.{name}", number) for name, number in survey.loads], key=str)


def _tables(survey: Survey, counts: Mapping[str, Counts]) -> Iterator[str]:
    types: dict[str, dict[str, str]] = {}
    for table, column, kind in _rows(survey.ground.plain, RAW_COLUMNS):
        types.setdefault(table, {})[column] = kind
    listed = "select table_name, source_rows, raw_rows, rejected_rows, columns from raw._tables"
    told = {name: (tuple(numbers), columns) for name, *numbers, columns in _rows(survey.ground.plain, listed)}
    for name in sorted(told.keys() - counts.keys() - set(survey.left_over)):
        yield f"raw._tables tells of {name}, which is no table of the source"
    for name, there in counts.items():
        if name not in told:
            yield f"raw._tables does not tell of {name}"
            continue
        numbers, columns = told[name]
        for what, said, found in zip(
            ("source rows", "rows in raw", "rejected rows"),
            numbers,
            (there.source, there.raw, there.rejected),
            strict=True,
        ):
            if said != found:
                yield f"raw._tables says {said:,} {what} of {name}, there are {found or 0:,}"
        told_types = {column: (one.get("name"), one.get("type")) for column, one in columns.items()}
        if told_types != _columns(survey.tables[name], types.get(name, {})):
            yield f"raw._tables does not tell the columns of {name} as they are"


def _columns(table: SourceTable, types: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    names = {column.name: target_name(column.name, FORBIDDEN_COLUMNS) for column in table.columns}
    return {name: (there, types.get(there)) for name, there in names.items()}


def _windows(survey: Survey, counts: Mapping[str, Counts]) -> Iterator[str]:
    listed = """
        select w.table_name, w.low, w.high, w.source_rows, w.rejected_rows, count(r.rowid)
        from raw._windows as w
        left join raw.rejected_rows as r on r.table_name = w.table_name and r.rowid between w.low and w.high
        group by w.table_name, w.low order by 1, 2
    """
    totals = dict.fromkeys(counts, 0)
    ends: dict[str, int] = {}
    for name, low, high, rows, rejected, found in _rows(survey.ground.plain, listed):
        if name not in counts:
            if name not in survey.left_over:
                yield f"raw._windows tells of {name}, which is no table of the source"
            continue
        which = f"the window of {name} from rowid {low} to {high}"
        if high < low or low <= ends.get(name, low - 1):
            yield f"{which} is in raw._windows beside another one that has the same rowids, or ends before it begins"
        if rejected != found:
            yield f"{which} has {rejected:,} rejected rows in raw._windows, there are {found:,}"
        if survey.tables[name].has_rowid and rows != (there := _between(survey, name, low, high)):
            yield f"{which} has {rows:,} rows in raw._windows, the source has {there:,} there"
        totals[name] += rows
        ends[name] = high
    for name, of_table in counts.items():
        if totals[name] != of_table.source:
            yield f"raw._windows tells of {totals[name]:,} rows of {name}, the source has {of_table.source:,}"


def _between(survey: Survey, name: str, low: int, high: int) -> int:
    table = survey.tables[name]
    counting = f"select count(*) from {table.scan} where {table.rowid} between ? and ?"
    return int(survey.ground.files.plain.execute(counting, (low, high)).fetchone()[0])


def watermarks(survey: Survey, copied: list[str]) -> Iterator[str]:
    """What `audit.build_state` says of the load that each table was built from: not before the last that touched it."""
    plain = survey.ground.plain
    finished = {number for number, done, _ in _rows(plain, LOADS) if done}
    built = {
        name: (number, early)
        for name, number, early in _rows(
            plain, "select relation, load_id, built_at > clock_timestamp() from audit.build_state"
        )
    }
    touched: dict[str, int] = {}
    for place, number in _touched(survey, copied):
        if number in finished:
            touched[place] = max(number, touched.get(place, 0))
    for name in copied:
        number, early = built.get(name, (None, False))
        if number is None:
            yield f"audit.build_state does not tell from which load {name} was built"
        elif number > max(finished, default=0):
            yield f"audit.build_state says {name} was built from load {number}, which has not finished"
        elif number < touched.get(name, 0):
            yield f"{name} was built from load {number}, and load {touched[name]} has changed its rows: run `dbt build`"
        if early:
            yield f"audit.build_state says {name} was built after now"


def _touched(survey: Survey, copied: list[str]) -> list[tuple[Any, ...]]:
    removed = _rows(survey.ground.plain, "select distinct table_name, load_id from raw._removed")
    return removed + [(name, number) for name, number in survey.loads if name in copied]


def applied(connection: Connection, declared: Catalog) -> Iterator[str]:
    """What `audit.applied_definitions` says of each table's keys, checks and indexes: what models/ declares."""
    told: dict[tuple[str, str], set[str]] = {}
    for relation, kind, definition in _rows(
        connection, "select relation, kind, definition from audit.applied_definitions"
    ):
        told.setdefault((relation, kind), set()).add(_bare(definition))
    for table in declared.tables.values():
        for kind, wanted in (
            ("constraint", set(_constraints(table))),
            ("index", set(map(_bare, table.indexes.values()))),
        ):
            said = told.get((table.name, kind), set())
            for definition in sorted(wanted - said):
                yield f"audit.applied_definitions does not tell of {kind} {definition} of {table.name}"
            for definition in sorted(said - wanted):
                yield f"audit.applied_definitions tells of {kind} {definition} of {table.name}, which is not declared"


def _constraints(table: TargetTable) -> Iterator[str]:
    yield _bare(f"primary key ({', '.join(table.key)})")
    yield from (_bare(f"unique ({', '.join(columns)})") for columns in table.unique)
    yield from (_bare(f"check ({check})") for check in table.checks.values())
    for foreign in table.foreign_keys:
        columns, referred = ", ".join(foreign.columns), ", ".join(foreign.referred)
        yield _bare(f"foreign key ({columns}) references public.{foreign.table} ({referred})")


def _bare(definition: str) -> str:
    """A definition without quotes and line ends; of a foreign key what it refers to, without what happens then."""
    bare = re.sub(r"\s+", " ", definition.replace('"', "")).strip()
    return bare[: bare.rindex(")") + 1] if bare.startswith("foreign key") else bare


def conservation(
    survey: Survey, counts: Mapping[str, Counts], copied: list[str], found: Sequence[tuple[str, Mapping[str, Any]]]
) -> Iterator[str]:
    """What the view `audit.conservation` shows, which is asked by people and by dbt's tests.

    `found` is what `shown_and_counted` has: the view also with more rows in the books below it than there are, for one
    that shows a constant would be right for as long as nothing is lost.
    """
    counted = {name: row for name, row in found if name not in (SHOWN, DOCTORED)}
    shown = [row for name, row in found if name == SHOWN]
    told = {row["table_name"]: row for row in shown}
    if len(told) != len(shown):
        yield "audit.conservation tells of a table twice"
    for name in sorted({*counts, *copied} - told.keys()):
        yield f"audit.conservation does not tell of {name}"
    told = {name: row for name, row in told.items() if name not in survey.left_over}
    for name, row in sorted(told.items()):
        for column, number in _conserved(counts.get(name), counted.get(name), 0).items():
            if row.get(column) != number:
                yield f"audit.conservation says {row.get(column)} in {column} of {name}, which is {number}"
    for row in (row for name, row in found if name == DOCTORED):
        name = row["table_name"]
        more = MORE if name in counts else 0  # a table that the ledger does not tell of has no more of them
        if name not in survey.left_over and any(
            row.get(c) != n for c, n in _conserved(counts.get(name), counted.get(name), more).items()
        ):
            yield f"audit.conservation would not show it if {name} had other rows in raw._tables or audit.quarantine"


def shown_and_counted(survey: Survey, copied: list[str]) -> Callable[[Connection], list[tuple[Any, ...]]]:
    """What asks for the view's rows, as it is and doctored, and for the numbers of public and the quarantine by table.

    That is one statement: an engine that holds no snapshot has to answer it out of one state.
    """
    parts = []
    for name in copied:
        raw = f"raw.{quote(name)}" if ("raw", name) in survey.relations else NO_ROWS
        stub = survey.catalog.tables[name].stub_where
        tallied = survey.tallied.get(name)
        counted = f"{tallied.rows} as rowids, {tallied.rowids}::numeric as total" if tallied else ROWIDS.format(raw=raw)
        placed = PLACED.format(table=quote(name), literal=literal(name), stub=stub, raw=raw, rowids=counted)
        parts.append(f"select {literal(name)}, to_jsonb(p.*) from ({placed}) as p")

    def ask(connection: Connection) -> list[tuple[Any, ...]]:
        ((text,),) = _rows(connection, "select pg_get_viewdef('audit.conservation'::regclass)")
        doctored = re.sub(r"\b(raw\.(?=_tables\b)|audit\.(?=quarantine\b))", "", text.rstrip("; "))
        shown = [
            f"select '{SHOWN}' as name, to_jsonb(c.*) as found from audit.conservation as c",
            f"select '{DOCTORED}', to_jsonb(c.*) from ({MORE_IN_BOOKS} select * from ({doctored}) as v) as c",
        ]
        return _rows(connection, " union all ".join(shown + parts))

    return ask


def _conserved(counts: Counts | None, placed: Mapping[str, int] | None, more: int) -> dict[str, int]:
    """What the view must show of a table, with more rows of the source and one more in quarantine if any are more."""
    source, raw, rejected = (counts.source, counts.raw or 0, counts.rejected) if counts else (0, 0, 0)
    found = {"source_rows": source + more, "raw_rows": raw, "rejected_rows": rejected}
    difference = abs(source + more - raw - rejected)
    if placed is not None:
        retained = counts.retained if counts else 0
        found |= {**placed, "quarantined_rows": placed["quarantined_rows"] + bool(more), "retained_rows": retained}
        apart = placed["stub_rows"] + placed["application_rows"] + placed["kept_rows"]
        difference += abs(raw - (placed["public_rows"] - apart) - retained - found["quarantined_rows"])
    return found | {"difference": difference}
