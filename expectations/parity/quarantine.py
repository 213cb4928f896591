"""Rows in quarantine, each proven: worked out again from its source and the declaration, it cannot live in public.

What a value means is worked out here, as for all rows. What the declaration says of a row that has these values (NOT
NULL, checks, foreign keys, whose its key is) PostgreSQL is asked, for it is written in SQL. Key, reason and row must be
those of the quarantine. Why a reason is given, ADR 0003 and 0012 tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.catalog import ForeignKey, TargetTable
from expectations.parity import canonical, retained, target
from expectations.parity.result import told
from expectations.parity.shape import ORIGIN, Shape
from expectations.parity.source import Reader, SourceBatch
from expectations.parity.table import Ground, TableJob
from expectations.parity.tally import Tallied
from loader.source import quote
from quant.text import literal

UNREADABLE = "-infinity"  # stands for a date or time that cannot be read, in the key and to the checks
BY_APPLICATION = "a row that an application wrote has this key"
# The rows of raw by their places: without an index, whoever joins them reads each row of the table whole.
PLACES = "array(select t.ctid from {raw} as t where t._rowid = any(%s::bigint[]))"
WHOLE_ROW = """
    select q.rowid from audit.quarantine as q
    left join (
        select * from {raw} as r
        where r.ctid = any({places})
    ) as r on r._rowid = q.rowid
    where q.table_name = %s
    and jsonb_strip_nulls(q."row") is distinct from jsonb_strip_nulls(to_jsonb(r.*) - '_rowid' - '_load_id')
    order by 1
"""


@dataclass(frozen=True)
class _Row:
    """A row of the quarantine, what it says of itself, and what is found out about it.

    Attributes:
        faults: what the row alone has against it.
        orphan: the first foreign key that leads nowhere, as a sentence.
        holder: the rowid of the row of public that has its key; None for one that no source row made.
        taken: whether there is a row of public with its key that is no stub.
    """

    rowid: int
    key: object
    reason: str
    own_key: object
    faults: list[str]
    orphan: str | None
    taken: bool
    holder: int | None


def unproven(job: TableJob, declared: TargetTable, shape: Shape, ground: Ground, tallied: Tallied | None) -> list[str]:
    """What is wrong with the rows of a table in quarantine, in sentences."""
    reader = Reader(ground.files, job.table, job.raw_types)
    lines = list(_not_whole(job, ground, tallied))
    gone = set(job.quarantined)
    free: list[int] = []
    wrong: list[str] = []
    for batch in reader.parts(sorted(job.quarantined)):
        gone -= set(batch.rowids.to_pylist())
        # what retention took cannot come back, and whose key it had is not known any more
        left = retained.without(batch, shape, job.begin) if job.begin else batch
        for row, reasons in _judged(left, reader, declared, shape, ground):
            if not reasons:
                free.append(row.rowid)
                continue
            which = f"rowid {row.rowid} of {job.target_name}"
            if row.key != row.own_key:
                wrong.append(f"{which} has the key {row.key} in quarantine, not {row.own_key}")
            if sorted(row.reason.split("; ")) != sorted(reasons):
                wrong.append(f"{which} is in quarantine since {row.reason!r}, not {'; '.join(reasons)!r}")
    name = job.target_name
    return [
        *told(free, f"rowid {{}} of {name} is in quarantine and could live in public: run `dbt build`"),
        *told(sorted(gone), f"rowid {{}} of {name} is in quarantine, but not in the source"),
        *told(wrong, "{}"),
        *lines,
    ]


def _not_whole(job: TableJob, ground: Ground, tallied: Tallied | None) -> Iterator[str]:
    """Rows that are not kept as raw has them; a column that came later is not in them."""
    if job.quarantined:
        with ground.plain.cursor() as cursor:
            raw = target.relation("raw", job.target_name)
            places = "%s::tid[]" if tallied else PLACES.format(raw=raw)
            known = [*tallied.parked] if tallied else [*map(str, sorted(job.quarantined))]
            cursor.execute(WHOLE_ROW.format(raw=raw, places=places), (known, job.target_name))
            rowids = [rowid for (rowid,) in cursor.fetchall()]
        yield from told(rowids, f"rowid {{}} of {job.target_name} is not kept in the quarantine as raw has it")


def _judged(
    batch: SourceBatch, reader: Reader, declared: TargetTable, shape: Shape, ground: Ground
) -> Iterator[tuple[_Row, list[str]]]:
    """The rows of a batch, each with the reasons for which it cannot live in public; with none if it can."""
    if not len(batch):
        return
    columns, unread = shape.readings(batch)
    values = _values(columns, unread)
    with ground.plain.cursor() as cursor:
        cursor.execute(_question(declared), (json.dumps(values), declared.name))
        rows = [_Row(*found) for found in cursor.fetchall()]
    unreadable: dict[int, list[str]] = {}
    for sentence, mask in unread.items():
        for rowid in np.asarray(batch.rowids)[mask].tolist():
            unreadable.setdefault(rowid, []).append(sentence)
    rank = _ranks(batch, shape)
    rivals = sorted({row.holder for row in rows if row.holder is not None} - {row.rowid for row in rows})
    for part in reader.parts(rivals):
        rank |= _ranks(part, shape)
    for row in rows:
        yield row, unreadable.get(row.rowid, []) + _reasons(row, bool(unreadable.get(row.rowid)), rank)


def _reasons(row: _Row, unreadable: bool, rank: Mapping[int, tuple[int, int]]) -> list[str]:
    """In the order in which one excludes the other: the row itself, its parents, whoever has its key."""
    if row.faults or unreadable:
        return row.faults
    if row.orphan:
        return [row.orphan]
    if not row.taken:
        return []
    if row.holder is None:
        return [BY_APPLICATION]
    # Of the rows of the source that want one key, the first that tells its own region has it, else the first.
    before = row.holder in rank and rank[row.holder] < rank[row.rowid]
    return [f"duplicate of rowid {row.holder}"] if before else []


def _ranks(batch: SourceBatch, shape: Shape) -> dict[int, tuple[int, int]]:
    own = batch.columns.get(shape.names.get("region", "")) if "region" in shape.regions else None
    rowids = batch.rowids.to_pylist()
    if own is None:
        return {rowid: (0, rowid) for rowid in rowids}
    given, _ = canonical.distinct(own, canonical.read_region, pa.string())
    return {rowid: (int(none), rowid) for rowid, none in zip(rowids, pc.is_null(given).to_pylist(), strict=True)}


def _values(columns: Mapping[str, pa.Array], unread: Mapping[str, np.ndarray]) -> list[dict[str, object]]:
    """The canonical rows as JSON that PostgreSQL reads without loss."""
    listed = {}
    for name, column in columns.items():
        values = [_as_json(value) for value in column.to_pylist()]
        for place in np.flatnonzero(unread.get(f"{name} cannot be read", ())).tolist():
            values[place] = UNREADABLE
        listed[name] = values
    return [dict(zip(listed, values, strict=True)) for values in zip(*listed.values(), strict=True)]


def _as_json(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return repr(value) if isinstance(value, float) else value


def _question(declared: TargetTable) -> str:
    """What PostgreSQL is asked of rows with these values; `%s` are they, as JSON, and the table's name."""
    missing = [
        f"case when {quote(name)} is null then {literal(declared.if_null.get(name, f'{name} is missing'))} end"
        for name in declared.columns
        if name in declared.required or name in declared.key
    ]
    failing = [
        f"case when not ({check}) then {literal(f'the check {name} fails')} end"
        for name, check in declared.checks.items()
    ]
    key = ", ".join(f"{literal(name)}, {quote(name)}" for name in declared.key)
    names = ", ".join(map(quote, declared.key))
    same = " and ".join(f"t.{quote(name)} = w.{quote(name)}" for name in declared.key)
    table = target.relation("public", declared.name)
    orphans = ", ".join(_orphan(foreign) for foreign in declared.foreign_keys)
    sql = f"""
        with wanted as materialized (
            select {quote(ORIGIN)} as rowid, {names}, jsonb_build_object({key}) as key,
                array_remove(array[{", ".join((*missing, *failing, "null::text"))}], null) as faults,
                {f"coalesce({orphans})" if orphans else "null::text"} as orphan
            from jsonb_populate_recordset(null::{table}, @rows) as w
        )
        select w.rowid, q.key, q.reason, w.key, w.faults, w.orphan, coalesce(h.taken, false), h.holder
        from wanted as w
        join audit.quarantine as q on q.table_name = @table and q.rowid = w.rowid
        left join lateral (
            select true as taken, t.{quote(ORIGIN)} as holder from {table} as t
            where {same} and (t.{quote(ORIGIN)} is not null or not coalesce({declared.stub_where}, false))
        ) as h on true
        order by 1
    """
    return sql.replace("%", "%%").replace("@rows", "%s::jsonb").replace("@table", "%s")


def _orphan(foreign: ForeignKey) -> str:
    columns = ", ".join(f"w.{quote(column)}" for column in foreign.columns)
    found = " and ".join(f"p.{quote(there)} = w.{quote(here)}" for there, here in foreign.pairs().items())
    parent = target.relation("public", foreign.table)
    return (
        f"case when num_nulls({columns}) = 0 and not exists (select from {parent} as p where {found}) "
        f"then {literal(f'no row in public.{foreign.table} for ')} || concat_ws(', ', {columns}) end"
    )
