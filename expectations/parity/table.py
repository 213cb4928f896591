"""Compare one table: source against raw by rowid, source against public by key, in one reading of the source.

Each side becomes two 64-bit words a row (its key and its content) on disk, so no order, index or collation
matters, and memory does not grow. Rows whose words disagree are then read again and shown value by value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import psycopg2.extensions
import pyarrow as pa

from expectations.parity import digest, proven, retained, source, target
from expectations.parity.columns import Columns
from expectations.parity.digest import Words
from expectations.parity.match import Digests
from expectations.parity.proven import AS_PUBLIC, AS_RAW, BITS, PACKED, PUBLIC, RAW, Parts, row_words
from expectations.parity.shape import ORIGIN, Shape, Unread
from loader.plan import target_name
from loader.source import SourceTable

Progress = Callable[[str, int], None]

UNFIT = np.uint64(0)  # the content of a row that has no canonical form: equal to no digest of a good row


@dataclass(frozen=True)
class Side:
    """What one reading of a table gives; `columns` stay empty unless they are asked for."""

    digests: Digests
    columns: Columns = field(default_factory=Columns)


@dataclass(frozen=True)
class Sides:
    """The source as raw must hold it, and as public must if the table is there.

    `as_raw` has every row that was not rejected, `as_public` every row of them that is not in quarantine.
    """

    as_raw: Side
    as_public: Side


@dataclass(frozen=True)
class Ground:
    """Where the comparison takes place: the snapshot, and the target over both its drivers, in autocommit."""

    files: source.Files
    arrow: adbc.Connection
    plain: psycopg2.extensions.connection


@dataclass(frozen=True)
class TableJob:
    """One table with what is known of it on all sides.

    Attributes:
        raw_types: the Arrow type of each raw column, by the source's column name.
        raw_names: the raw column's name by the source's.
        rejected: rowids that raw.rejected_rows holds.
        quarantined: rowids that audit.quarantine holds.
        begin: the first day of what retention has left of the hypertable; None where it took nothing.
        shape: how a row becomes canonical; None when public has no such table.
        problems: what is wrong with the columns of raw already, public_problems with those of public.
        summed: whether the columns are summed up too.
        parts: the parts of a hypertable, where what is proven of them is kept; those that are read, if not all.
    """

    table: SourceTable
    raw_types: Mapping[str, pa.DataType]
    raw_names: Mapping[str, str]
    rejected: frozenset[int]
    quarantined: frozenset[int] = frozenset()
    begin: date | None = None
    shape: Shape | None = None
    problems: tuple[str, ...] = ()
    public_problems: tuple[str, ...] = ()
    summed: bool = False
    parts: Parts | None = None

    @property
    def target_name(self) -> str:
        return target_name(self.table.name)

    def reader(self, ground: Ground) -> source.Reader:
        return source.Reader(ground.files, self.table, self.raw_types, self.rejected)


def read_source(job: TableJob, ground: Ground, progress: Progress, over: threading.Event) -> Sides:
    """Read the source once and digest it for both comparisons, unless it is over before."""
    sides = Sides(Side(Digests(3)), Side(Digests(3)))
    parked = np.fromiter(job.quarantined, np.int64, len(job.quarantined))
    reader, only = job.reader(ground), job.parts.only if job.parts else None
    for batch in reader.windows() if only is None else reader.within(_ranges(only[AS_RAW])):
        rowids = digest.words(batch.rowids)
        given = {name: digest.coded(column) for name, column in batch.columns.items()}
        content = _as_raw(job, given, len(batch), batch.unfit)
        sides.as_raw.digests.add(rowids, content, rowids)
        if job.parts:
            job.parts.sums[AS_RAW].add(proven.windows(rowids), row_words(content, rowids))
        if job.summed:
            sides.as_raw.columns.add({job.raw_names[name]: column for name, column in given.items()})
        if job.shape:
            lives = batch.but(parked)
            if job.begin:
                lives = retained.without(lives, job.shape, job.begin)
            columns, unread = job.shape.canonical(lives)
            columns = {name: digest.coded(column) for name, column in columns.items()}
            words = _as_public(job.shape, columns, unread, lives.unfit)
            rowids = digest.words(lives.rowids)
            sides.as_public.digests.add(*words, rowids)
            if job.parts:
                job.parts.sums[AS_PUBLIC].add(proven.windows(rowids), row_words(words[1]))
            if job.summed:
                sides.as_public.columns.add(columns)
        progress(job.target_name, len(batch))
        if over.is_set():
            break
    return sides


def _as_raw(job: TableJob, columns: Mapping[str, pa.Array], length: int, unfit: Unread) -> Words:
    content = digest.rows([columns[column.name] for column in job.table.columns], length)
    if unfit is not None:
        content[unfit] = UNFIT
    return content


def _as_public(shape: Shape, columns: Mapping[str, pa.Array], *unreadable: Unread) -> tuple[Words, Words]:
    keys, content = shape.digests(columns)
    for bad in unreadable:
        if bad is not None:
            content[bad] = UNFIT
    return keys, content


def read_raw(job: TableJob, ground: Ground, progress: Progress) -> Side:
    """Digest `raw`, keyed by `_rowid`."""
    names = [job.raw_names[column.name] for column in job.table.columns]
    raw = Side(Digests(2))
    only = _within(source.ROWID, job.parts.only[RAW]) if job.parts and job.parts.only else "true"
    relation = target.relation("raw", job.target_name)
    for batch in target.batches(ground.arrow, relation, [source.ROWID, *names], where=only):
        columns = [*map(digest.coded, batch.columns[1:])]
        rowids, content = digest.words(batch.columns[0]), digest.rows(columns, len(batch))
        raw.digests.add(rowids, content)
        if job.parts:
            job.parts.sums[RAW].add(proven.windows(rowids), row_words(content, rowids))
        if job.summed:
            raw.columns.add(dict(zip(names, columns, strict=True)))
        progress(job.target_name, len(batch))
    return raw


def read_public(job: TableJob, shape: Shape, ground: Ground, progress: Progress) -> Side:
    """Digest the table in `public`, keyed by its primary key."""
    public = Side(Digests(2))
    for batch in _of_public(job, shape, ground):
        given = batch.columns[: len(shape.columns)]
        columns = dict(zip(shape.columns, map(digest.coded, given), strict=True))
        words = shape.digests(columns)
        public.digests.add(*words)
        if job.parts:
            there = np.asarray(columns[ORIGIN].is_valid())
            rowids = np.asarray(columns[ORIGIN].fill_null(0))[there]
            chunks = np.asarray(batch.columns[-1])[there]
            job.parts.sums[PUBLIC].add(job.parts.of_public(chunks, rowids), row_words(words[1][there]))
        if job.summed:
            public.columns.add(_filled(columns))
        progress(job.target_name, len(batch))
    return public


def _of_public(job: TableJob, shape: Shape, ground: Ground) -> Iterator[pa.RecordBatch]:
    """Its rows, of a hypertable with the chunk of each; where only some parts are read, a chunk at a time."""
    relation, last = target.relation("public", job.target_name), "tableoid::bigint" if job.parts else ""
    if not job.parts or job.parts.only is None:
        yield from target.batches(ground.arrow, relation, shape.columns, last)
        return
    only = job.parts.only[PUBLIC]
    windows = _within(ORIGIN, [part for part in only if part < PACKED])
    for chunk, name in job.parts.chunks.items():
        where = ("true" if chunk + PACKED in only else "false") if chunk in job.parts.packed else windows
        if where != "false":
            yield from target.batches(ground.arrow, name, shape.columns, last, where)


def _ranges(parts: Collection[int]) -> list[tuple[int, int]]:
    """The rowids of windows, both ends included."""
    return [(part << BITS, ((part + 1) << BITS) - 1) for part in sorted(parts)]


def _within(column: str, parts: Collection[int]) -> str:
    """The SQL of which rows lie in these windows; neighbours are asked for at once."""
    ends: list[tuple[int, int]] = []
    for low, high in _ranges(parts):
        begin = ends.pop()[0] if ends and ends[-1][1] + 1 == low else low
        ends.append((begin, high))
    return " or ".join(f"{column} between {low} and {high}" for low, high in ends) or "false"


def columns_without(job: TableJob, shape: Shape, ground: Ground, keys: Words) -> Columns:
    """Sum up the columns of the table in `public` but for the rows with these keys, and those of no source row."""
    columns = Columns()
    for batch in target.batches(ground.arrow, target.relation("public", job.target_name), shape.columns):
        there, _ = shape.digests(dict(zip(shape.columns, batch.columns, strict=True)))
        left = batch.filter(pa.array(~np.isin(there, keys)))
        columns.add(_filled(dict(zip(shape.columns, left.columns, strict=True))))
    return columns


def _filled(columns: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
    """The columns of a batch of public, without the rows that no row of the source has filled."""
    origins = columns.get(ORIGIN)
    if origins is None or not origins.null_count:
        return columns
    there = origins.is_valid()
    return {name: digest.plain(column).filter(there) for name, column in columns.items()}
