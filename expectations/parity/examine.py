"""Compare every table of the source with the target, and say what was found in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity import digest, explain, target
from expectations.parity.match import Digests, Matched
from expectations.parity.result import SAMPLES, Comparison, Difference
from expectations.parity.shape import ORIGIN, Shape
from expectations.parity.source import ROWID, Reader, SourceBatch
from expectations.parity.table import (
    Ground,
    Progress,
    Sides,
    TableJob,
    against_public,
    against_raw,
    read_public,
    read_raw,
    read_source,
)

INFERRED = "inferred"  # data_source of a stub


def compare(job: TableJob, ground: Ground, progress: Progress) -> tuple[Comparison, Comparison | None]:
    """The source against raw and, if `public` has the table, against that."""
    sides = read_source(job, ground, progress)
    raw = read_raw(job, ground, progress)
    on_raw = _raw_comparison(job, ground, sides, raw)
    del raw
    if job.shape is None:
        return on_raw, None
    return on_raw, _public_comparison(job, job.shape, ground, sides, progress)


def _raw_comparison(job: TableJob, ground: Ground, sides: Sides, raw: Digests) -> Comparison:
    matched = against_raw(sides, raw)
    relation = target.relation("raw", job.target_name)
    tally: Counter[str] = Counter()
    samples: list[Difference] = []
    chosen = explain.places(matched.differing, matched.missing)
    if len(chosen):
        batch = job.reader(ground).some(sides.rowids[chosen].tolist())
        expected = {ROWID: batch.rowids} | {job.raw_names[name]: values for name, values in batch.columns.items()}
        tally, samples = explain.examine(ground.plain, relation, [ROWID], expected)
        samples += _unfit(batch, batch.unfit)
    samples += _named("extra", raw.keys[matched.extra[:SAMPLES]])
    samples += _named("twice", raw.keys[matched.actual_twice[:SAMPLES]])
    return Comparison(
        relation=f"raw.{job.target_name}",
        rows=len(sides.rowids),
        missing=len(matched.missing),
        differing=len(matched.differing),
        twice=len(matched.actual_twice),
        others=len(matched.extra),
        columns=tally,
        examined=min(len(chosen), len(matched.differing)),
        samples=tuple(samples[:SAMPLES]),
        problems=(*_raw_problems(job, matched), *_wrongly_rejected(job, ground)),
    )


def _raw_problems(job: TableJob, matched: Matched) -> Sequence[str]:
    """In raw there is no such thing as a row of one's own: what the source does not give is wrong."""
    if not len(matched.extra):
        return job.problems
    return (*job.problems, f"{len(matched.extra):,} rows in raw.{job.target_name} that the source does not have")


def _wrongly_rejected(job: TableJob, ground: Ground) -> list[str]:
    """Rejected rows that raw could hold: the exception must not become a way to lose rows."""
    rowids = sorted(job.rejected)[: explain.EXAMINED]
    if not rowids:
        return []
    batch = Reader(ground.files, job.table, job.raw_types).some(rowids)
    fits = np.asarray(batch.rowids)[~batch.unfit if batch.unfit is not None else slice(None)]
    lost = sorted(set(rowids) - set(np.asarray(batch.rowids).tolist()))
    return [
        f"rowid {rowid} of {job.target_name} was rejected, but every value of it fits" for rowid in fits.tolist()
    ] + [f"rowid {rowid} of {job.target_name} is among the rejected rows, but not in the source" for rowid in lost]


def _needless(job: TableJob, shape: Shape, ground: Ground, public: Digests) -> list[str]:
    """Quarantined rows that can be read, have a whole key, and whose key nobody has in public."""
    rowids = sorted(job.quarantined)[: explain.EXAMINED]
    if not rowids:
        return []
    batch = job.reader(ground).some(rowids)
    columns, unread = shape.canonical(batch)
    keys = [columns[name] for name in shape.key]
    reason = np.isin(digest.rows(keys, len(batch)), public.keys)
    for bad in (unread, batch.unfit, *(np.asarray(pc.is_null(key)) for key in keys)):
        if bad is not None:
            reason |= bad
    free = np.asarray(batch.rowids)[~reason].tolist()
    return [f"rowid {rowid} of {job.target_name} can be read, and no row of public has its key" for rowid in free]


def _named(kind: str, keys: np.ndarray) -> list[Difference]:
    return [Difference(kind, f"{ROWID} {rowid}") for rowid in keys.view(np.int64).tolist()]


def _public_comparison(job: TableJob, shape: Shape, ground: Ground, sides: Sides, progress: Progress) -> Comparison:
    public = read_public(job, shape, ground, progress)
    matched = against_public(sides, public)
    living = sides.rowids[sides.lives]
    relation = target.relation("public", job.target_name)
    tally: Counter[str] = Counter()
    samples: list[Difference] = []
    chosen = explain.places(matched.differing, matched.missing)
    if len(chosen):
        batch = job.reader(ground).some(living[chosen].tolist())
        expected, unread = shape.canonical(batch)
        tally, samples = explain.examine(ground.plain, relation, shape.key, expected)
        samples += _unfit(batch, unread)
    samples += _rivals(living[matched.expected_twice[:SAMPLES]])
    apart = _apart(job, shape, ground, public.keys[matched.extra], living)
    return Comparison(
        relation=f"public.{job.target_name}",
        rows=len(living),
        missing=len(matched.missing),
        differing=len(matched.differing),
        twice=len(matched.expected_twice) + len(matched.actual_twice),
        stubs=apart.stubs,
        others=len(matched.extra) - apart.stubs,
        columns=tally,
        examined=min(len(chosen), len(matched.differing)),
        samples=tuple((samples + apart.samples)[:SAMPLES]),
        problems=(*job.public_problems, *apart.problems),
        needless=tuple(_needless(job, shape, ground, public)),
    )


def _unfit(batch: SourceBatch, bad: np.ndarray | None) -> list[Difference]:
    if bad is None:
        return []
    rowids = np.asarray(batch.rowids)[bad][:SAMPLES]
    return [Difference("unreadable", f"{ROWID} {rowid} of the source") for rowid in rowids.tolist()]


def _rivals(rowids: np.ndarray) -> list[Difference]:
    return [Difference("twice", f"{ROWID} {rowid}: another source row has its key") for rowid in rowids.tolist()]


@dataclass
class _Apart:
    """Rows of public that the source does not give under their key."""

    stubs: int = 0
    astray: int = 0
    parked: int = 0
    samples: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def _apart(job: TableJob, shape: Shape, ground: Ground, extra: np.ndarray, living: np.ndarray) -> _Apart:
    """Tell the stubs from an application's own rows, and from those that stand under a wrong key."""
    found = _Apart()
    parked = np.fromiter(job.quarantined, np.int64, len(job.quarantined))
    if not len(extra):
        return found
    kept = [name for name in (ORIGIN, "data_source") if name in shape.types]
    name, shown = target.relation("public", job.target_name), f"public.{job.target_name}"
    for batch in target.batches(ground.arrow, name, [*shape.key, *kept]):
        keys = batch.columns[: len(shape.key)]
        marks = dict(zip(kept, batch.columns[len(shape.key) :], strict=True))
        apart = np.isin(digest.rows(keys, len(batch)), extra)
        if not apart.any():
            continue
        origins = _numbers(marks.get(ORIGIN), len(batch))
        of_source = apart & np.isin(origins, living)
        found.parked += int((apart & np.isin(origins, parked)).sum())
        stub = apart & ~of_source & _is_stub(marks.get("data_source"), len(batch))
        found.astray += int(of_source.sum())
        found.stubs += int(stub.sum())
        for place in np.flatnonzero(apart & ~stub)[: SAMPLES - len(found.samples)].tolist():
            label = explain.name_key(shape.key, [key[place].as_py() for key in keys])
            found.samples.append(Difference("extra", label))
    if found.astray:
        found.problems.append(f"{found.astray:,} rows in {shown} that come from the source but not under that key")
    if found.parked:
        found.problems.append(f"{found.parked:,} rows both in quarantine and in {shown}")
    return found


def _numbers(column: pa.Array | None, length: int) -> np.ndarray:
    """Rowids, with one that no table has in the place of NULL."""
    nowhere = np.iinfo(np.int64).min
    return np.full(length, nowhere) if column is None else np.asarray(column.fill_null(nowhere))


def _is_stub(data_source: pa.Array | None, length: int) -> np.ndarray:
    if data_source is None:
        return np.zeros(length, bool)
    return np.asarray(pc.fill_null(pc.equal(data_source, INFERRED), False))
