"""What a verdict has proven of a hypertable, part by part: the next `--quick` reads what was written since.

A part is a window of rowids, or a compressed chunk. In the file it is told by the bytes of its pages; in PostgreSQL by
the transactions that wrote its rows, and how many each wrote: a version of a row never changes, and whoever adds one
does so in another transaction. So a part with the same numbers has the same rows, whatever any book says.
docs/decisions/0012.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import psycopg2.extensions
import xxhash

from expectations.parity import digest
from expectations.parity.digest import WORD, Words
from loader.file_format.pages import stored
from loader.source import SourceTable

BITS = 15  # a window has 32,768 rowids
PACKED = 1 << 62  # is added to the number of a compressed chunk, more than any window's number
AS_RAW, AS_PUBLIC, RAW, PUBLIC = PLACES = ("as_raw", "as_public", "raw", "public")
# Each relation that holds rows of the table, of a compressed chunk the one where they are. What lies beside that in the
# chunk itself has no transactions that could be asked for.
RELATIONS = """
    with relations (chunk, relation) as (
        select 0::oid, to_regclass(%(raw)s)::oid
        union all
        select i.inhrelid, coalesce(packed.relation, i.inhrelid)
        from pg_catalog.pg_inherits as i
        left join (
            select to_regclass(format('%%I.%%I', c.schema_name, c.table_name)) as chunk,
                to_regclass(format('%%I.%%I', p.schema_name, p.table_name)) as relation
            from _timescaledb_catalog.chunk as c
            inner join _timescaledb_catalog.chunk as p on c.compressed_chunk_id = p.id
        ) as packed on i.inhrelid = packed.chunk
        where i.inhparent = to_regclass(%(public)s)
    )
    select
        r.chunk, r.chunk::regclass::text, r.relation::regclass::text, r.chunk not in (0, r.relation) as packed,
        pg_catalog.has_table_privilege(r.relation, 'select'),
        (
            select string_agg(concat_ws(' ', c.oid, c.relkind, c.relfilenode, a.columns), ';' order by c.oid)
            from pg_catalog.pg_class as c
            cross join lateral (
                select string_agg(concat_ws(
                    ' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attisdropped, a.attgenerated,
                    a.attmissingval
                ), ',' order by a.attnum) as columns
                from pg_catalog.pg_attribute as a where a.attrelid = c.oid and a.attnum > 0
            ) as a
            where c.oid in (r.relation, r.chunk, to_regclass(%(public)s))
        )
    from relations as r
"""
SERVER = """
    select
        (select concat_ws(' ', s.system_identifier, c.timeline_id, d.oid)
        from pg_control_system() as s, pg_control_checkpoint() as c, pg_catalog.pg_database as d
        where d.datname = current_database()),
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
Proof = Mapping[str, Mapping[str, tuple[str, int]]]


class Sums(dict[int, int]):
    """The sum of its rows' digests, by part."""

    def add(self, parts: npt.NDArray[np.int64], words: Words) -> None:
        """Take in a batch of rows."""
        if not len(parts):
            return
        order = np.argsort(parts, kind="stable")
        found, starts = np.unique(parts[order], return_index=True)
        for part, total in zip(found.tolist(), np.add.reduceat(words[order], starts).tolist(), strict=True):
            self[part] = (self.get(part, 0) + total) & WORD


def windows(rowids: object) -> npt.NDArray[np.int64]:
    """The window of each row."""
    return np.asarray(rowids).view(np.int64) >> BITS


@dataclass
class Parts:
    """The parts of a table.

    Attributes:
        marks: what tells that a part is as it was, by place and part; "" where nothing does.
        chunks: the relation of each chunk by its number.
        packed: the numbers of those that are compressed.
        sums: of what was read, or proven before.
        only: the parts that are read; None for all.
    """

    marks: Mapping[str, Mapping[int, str]]
    chunks: Mapping[int, str]
    packed: npt.NDArray[np.int64]
    sums: dict[str, Sums] = field(default_factory=lambda: {place: Sums() for place in PLACES})
    only: Mapping[str, Collection[int]] | None = None

    def of_public(self, chunks: npt.NDArray[np.int64], rowids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The part of each row of public."""
        return np.where(np.isin(chunks, self.packed), chunks + PACKED, rowids >> BITS)

    def know(self, proof: Proof) -> tuple[int, int]:
        """Take over what is as it was proven; how many parts are left to be read, and of how many."""
        only = {}
        for place in PLACES:
            before = proof.get(place, {})
            for part, mark in self.marks[place].items():
                then, total = before.get(str(part), ("", 0))
                if mark and mark == then:
                    self.sums[place][part] = total
            only[place] = self.marks[place].keys() - self.sums[place].keys()
        rows = only[AS_RAW] | only[AS_PUBLIC]
        self.only = only | {AS_RAW: rows, AS_PUBLIC: rows}
        for place in (AS_RAW, AS_PUBLIC):
            for part in rows & self.sums[place].keys():
                del self.sums[place][part]
        everywhere = {part for marks in self.marks.values() for part in marks}
        return len({part for parts in self.only.values() for part in parts}), len(everywhere)

    def forget(self) -> None:
        """Know nothing again: all is to be read."""
        self.only = None
        for sums in self.sums.values():
            sums.clear()

    def apart(self) -> int:
        """What public has more than the source: rows that the source has deleted since."""
        return (sum(self.sums[PUBLIC].values()) - sum(self.sums[AS_PUBLIC].values())) & WORD

    def equal(self, apart: int) -> bool:
        """Whether raw has the rows of the source in each window, and public all of them, and no others than before."""
        raw, wanted = self.sums[RAW], self.sums[AS_RAW]
        return apart == self.apart() and all(
            raw.get(one, 0) == wanted.get(one, 0) for one in raw.keys() | wanted.keys()
        )

    def proof(self) -> Proof:
        """What is proven now."""
        return {
            place: {str(part): (mark, self.sums[place].get(part, 0)) for part, mark in self.marks[place].items()}
            for place in PLACES
        }


def server(plain: psycopg2.extensions.connection) -> tuple[str, int]:
    """Which database of which server this is, and the next of its transactions."""
    with plain.cursor() as cursor:
        cursor.execute(SERVER)
        name, transaction = cursor.fetchone() or ("", 0)
    return str(name), int(transaction)


def pages(file: sqlite3.Connection, table: SourceTable, apart: Iterable[int], seed: str) -> dict[int, str] | None:
    """What tells the windows of a table of the source; None where its pages do not.

    Args:
        file: the snapshot.
        table: the table.
        apart: rowids that are in the target's exceptions.
        seed: what else decides what the rows must become.
    """
    found = stored(file, table, BITS, seed) if table.has_rowid else None
    if found is None:
        return None
    marks = {number: window.digest or "" for number, window in found.items()}
    for rowid in sorted(apart):
        if marks.get(rowid >> BITS):
            marks[rowid >> BITS] += f" {rowid}"
    return {number: mark and _mark([mark]) for number, mark in marks.items()}


def parts(
    plain: psycopg2.extensions.connection,
    pages: Mapping[int, str],
    names: tuple[str, str],
    raw: Iterable[tuple[int, str, int]],
) -> Parts | None:
    """The parts of a table as they are now; None where this login may not ask for them.

    Args:
        plain: the target.
        pages: what tells the windows of the source.
        names: the relations in raw and public.
        raw: the rows of raw by window and transaction.
    """
    with plain.cursor() as cursor:
        cursor.execute(RELATIONS, dict(zip((RAW, PUBLIC), names, strict=True)))
        relations = cursor.fetchall()
        if not all(readable for *_, readable, _ in relations):
            return None
        found: dict[str, dict[int, list[str]]] = {RAW: {}, PUBLIC: {}}
        hidden = set()
        for chunk, name, relation, packed, _, form in relations:
            if chunk:
                part = str(chunk + PACKED) if packed else f"source_rowid >> {BITS}"
                having = "" if packed else " where source_rowid is not null"
                cursor.execute(f"select {part}, xmin::text, count(*) from {relation} as r{having} group by 1, r.xmin")
            told = cursor.fetchall() if chunk else raw
            for number, transaction, rows in told:
                found[PUBLIC if chunk else RAW].setdefault(number, []).append(f"{form} {transaction} {rows}")
            if packed:
                cursor.execute(f"select from only {name} limit 1")
                hidden.update([chunk + PACKED] * cursor.rowcount)
    marks = {place: {n: "" if n in hidden else _mark(told) for n, told in found[place].items()} for place in found}
    chunks = {chunk: name for chunk, name, *_ in relations if chunk}
    compressed = np.array([chunk for chunk, _, _, packed, *_ in relations if packed], np.int64)
    return Parts({AS_RAW: pages, AS_PUBLIC: pages, **marks}, chunks, compressed)


def _mark(told: Iterable[str]) -> str:
    return str(xxhash.xxh3_128_hexdigest("\n".join(sorted(told)).encode()))


def row_words(content: Words, *key: Words) -> Words:
    """Digests of rows that may be summed up: a sum of others would not show values that changed places."""
    mixed = digest.spread(content.copy())
    for words in key:
        mixed = digest.spread(mixed + words * np.uint64(digest.GOLDEN))
    return mixed
