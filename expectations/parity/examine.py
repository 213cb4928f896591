"""Compare every table of the source with the target, and say what was found in each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity import dates, digest, explain, kept, target
from expectations.parity.digest import Words
from expectations.parity.match import Matched, Numbers, match
from expectations.parity.result import SAMPLES, Comparison, Difference
from expectations.parity.shape import ORIGIN, Shape
from expectations.parity.source import ROWID, SourceBatch
from expectations.parity.table import (
    Ground,
    Progress,
    Side,
    Sides,
    TableJob,
    columns_without,
    read_public,
    read_raw,
    read_source,
)
from quant.text import counted

INFERRED = "inferred"  # data_source of a stub
NOWHERE = int(np.iinfo(np.int64).min)  # the rowid of what no row of the source has filled


def compare(job: TableJob, ground: Ground, progress: Progress) -> tuple[Comparison, Comparison | None]:
    """The source against raw and, if `public` has the table, against that; both databases are read at a time."""
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_source, job, ground, progress, over)
        try:
            raw = read_raw(job, ground, progress)
            public = read_public(job, job.shape, ground, progress) if job.shape else None
            sides = reading.result()
        except BaseException:  # an interrupted run would else wait for both sides to be read to their end
            over.set()
            ground.arrow.adbc_cancel()
            raise
    on_raw = _raw_comparison(job, ground, sides, raw)
    if job.shape is None or public is None:
        return on_raw, None
    return on_raw, _public_comparison(job, job.shape, ground, sides, public)


def _raw_comparison(job: TableJob, ground: Ground, sides: Sides, raw: Side) -> Comparison:
    matched = match(sides.as_raw.digests, raw.digests)
    relation = target.relation("raw", job.target_name)
    tally: Counter[str] = Counter()
    months: Counter[str] = Counter()
    samples: list[Difference] = []
    chosen = _examined(matched)
    if chosen:
        reader = job.reader(ground)
        batch = reader.some(chosen)
        months = explain.months(job.shape, reader, _unequal(matched))
        expected = {ROWID: batch.rowids} | {job.raw_names[name]: values for name, values in batch.columns.items()}
        tally, samples = explain.examine(ground.plain, relation, [ROWID], expected)
        samples += _unfit(batch, batch.unfit)
    samples += _named("extra", matched.extra[:SAMPLES])
    samples += _named("twice", matched.actual_twice[:SAMPLES])
    return Comparison(
        relation=f"raw.{job.target_name}",
        rows=len(sides.as_raw.digests),
        there=len(raw.digests),
        missing=len(matched.missing),
        differing=len(matched.differing),
        twice=len(matched.actual_twice),
        others=len(matched.extra),
        columns=tally,
        months=months,
        examined=min(len(chosen), len(matched.differing)),
        samples=tuple(samples[:SAMPLES]),
        wanted=sides.as_raw.columns,
        found=raw.columns,
        problems=(*_raw_problems(job, matched), *kept.rejected(job, ground)),
    )


def _raw_problems(job: TableJob, matched: Matched) -> Sequence[str]:
    """In raw there is no such thing as a row of one's own: what the source does not give is wrong."""
    if not len(matched.extra):
        return job.problems
    more = counted(len(matched.extra), "row")
    return (*job.problems, f"{more} in raw.{job.target_name} that the source does not have")


def _unequal(matched: Matched) -> list[int]:
    """The rowids of the rows that are not as the source has them, apart from those of a key that is taken."""
    found: list[int] = np.concatenate([matched.differing, matched.missing]).tolist()
    return found


def _examined(matched: Matched) -> list[int]:
    """The first of them, as many as are read again whole."""
    return _unequal(matched)[: explain.EXAMINED]


def _named(kind: str, keys: np.ndarray) -> list[Difference]:
    return [Difference(kind, f"{ROWID} {rowid}") for rowid in keys.view(np.int64).tolist()]


def _public_comparison(job: TableJob, shape: Shape, ground: Ground, sides: Sides, public: Side) -> Comparison:
    matched = match(sides.as_public.digests, public.digests)
    relation = target.relation("public", job.target_name)
    tally: Counter[str] = Counter()
    months: Counter[str] = Counter()
    samples: list[Difference] = []
    chosen = _examined(matched)
    if chosen:
        reader = job.reader(ground)
        batch = reader.some(chosen)
        months = explain.months(shape, reader, _unequal(matched))
        expected, unread = shape.canonical(batch)
        tally, samples = explain.examine(ground.plain, relation, shape.key, expected)
        samples += _unfit(batch, unread)
    samples += _rivals(matched.expected_twice[:SAMPLES])
    apart = _apart(job, shape, ground, matched.extra, sides)
    again = job.summed and apart.filled
    found = columns_without(job, shape, ground, matched.extra) if again else public.columns
    return Comparison(
        relation=f"public.{job.target_name}",
        rows=len(sides.as_public.digests),
        there=len(public.digests),
        missing=len(matched.missing),
        differing=len(matched.differing),
        twice=len(matched.expected_twice) + len(matched.actual_twice),
        stubs=apart.stubs,
        others=len(matched.extra) - apart.stubs,
        columns=tally,
        months=months,
        examined=min(len(chosen), len(matched.differing)),
        samples=tuple((samples + apart.samples)[:SAMPLES]),
        wanted=sides.as_public.columns,
        found=found,
        problems=(*job.public_problems, *apart.problems),
    )


def _unfit(batch: SourceBatch, bad: np.ndarray | None) -> list[Difference]:
    if bad is None:
        return []
    rowids = np.asarray(batch.rowids)[bad][:SAMPLES]
    return [Difference("unreadable", f"{ROWID} {rowid} of the source") for rowid in rowids.tolist()]


def _rivals(rowids: Numbers) -> list[Difference]:
    return [Difference("twice", f"{ROWID} {rowid}: another source row has its key") for rowid in rowids.tolist()]


@dataclass(frozen=True)
class _Apart:
    """Rows of public that the source does not give under their key; whether a row of the source filled any."""

    stubs: int
    filled: bool
    samples: list[Difference]
    problems: list[str]


def _apart(job: TableJob, shape: Shape, ground: Ground, extra: Words, sides: Sides) -> _Apart:
    """Tell the stubs from an application's own rows, and from those that stand under a wrong key."""
    if not len(extra):
        return _Apart(0, False, [], [])
    marked = [name for name in (ORIGIN, "data_source") if name in shape.types]
    name, shown = target.relation("public", job.target_name), f"public.{job.target_name}"
    origins, stubs = [], []
    samples: list[Difference] = []
    for batch in target.batches(ground.arrow, name, [*shape.key, *marked]):
        keys = batch.columns[: len(shape.key)]
        marks = dict(zip(marked, batch.columns[len(shape.key) :], strict=True))
        apart = np.isin(digest.rows(keys, len(batch)), extra)
        stub = _is_stub(marks.get("data_source"), len(batch))
        origins.append(_numbers(marks.get(ORIGIN), len(batch))[apart])
        stubs.append(stub[apart])
        for place in np.flatnonzero(apart & ~stub)[: SAMPLES - len(samples)].tolist():
            label = explain.name_key(shape.key, [dates.value(key[place]) for key in keys])
            samples.append(Difference("extra", label))
    rowids = np.concatenate(origins)
    parked = np.isin(rowids, np.fromiter(job.quarantined, np.int64, len(job.quarantined)))
    astray = sides.as_raw.digests.has(rowids.view(np.uint64)) & ~parked
    problems = []
    if astray.any():
        problems.append(f"{counted(astray.sum(), 'row')} in {shown} from the source, but not under that key")
    if parked.any():
        problems.append(f"{counted(parked.sum(), 'row')} both in quarantine and in {shown}")
    filled = ORIGIN not in marked or bool((rowids != NOWHERE).any())
    return _Apart(int((np.concatenate(stubs) & ~astray).sum()), filled, samples, problems)


def _numbers(column: pa.Array | None, length: int) -> Numbers:
    """Rowids, with one that no table has in the place of NULL."""
    return np.full(length, NOWHERE) if column is None else np.array(column.fill_null(NOWHERE))


def _is_stub(data_source: pa.Array | None, length: int) -> np.ndarray:
    if data_source is None:
        return np.zeros(length, bool)
    return np.asarray(pc.fill_null(pc.equal(data_source, INFERRED), False))
