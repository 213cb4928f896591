"""The comparison of a hypertable by what was written since it was proven last."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from expectations.parity import kept, proven, target
from expectations.parity.proven import Parts, Proof
from expectations.parity.result import Comparison
from expectations.parity.shape import ORIGIN
from expectations.parity.survey import Counts
from expectations.parity.table import Ground, Progress, TableJob, read_public, read_raw, read_source
from expectations.parity.tally import Tallied


@dataclass(frozen=True)
class Proven:
    """What was proven of a table: its parts, and the sum of the rows that public has beside the source's."""

    parts: Proof
    apart: int


def parts(job: TableJob, ground: Ground, code: str, tallied: Tallied | None) -> Parts | None:
    """The parts of a table in which it can be proven, as they are now; `code` says who proves."""
    shape = job.shape
    if (
        tallied is None
        or shape is None
        or shape.time is None
        or ORIGIN not in shape.types
        or job.problems
        or job.public_problems
    ):
        return None
    seed = repr((code, job.raw_types, job.raw_names, sorted(job.rejected), job.begin, shape))
    pages = proven.pages(ground.files.plain, job.table, job.quarantined, seed)
    names = (target.relation("raw", job.target_name), target.relation("public", job.target_name))
    raw = ((one.window, one.transaction, one.rows) for one in tallied.tallies)
    return None if pages is None else proven.parts(ground.plain, pages, names, raw)


def compare(
    job: TableJob, ground: Ground, progress: Progress, before: Proven, counts: Counts
) -> tuple[Comparison, Comparison] | None:
    """Read the parts that were written to and hold all of them together; None where they do not agree.

    The job's parts know what is proven, and are read here.
    """
    assert job.parts
    assert job.shape
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_source, job, ground, progress, over)
        try:
            read_raw(job, ground, progress)
            read_public(job, job.shape, ground, progress)
            reading.result()
        except BaseException:
            over.set()
            raise
    if not job.parts.equal(before.apart):
        return None
    rows, there = counts.source - counts.rejected, counts.public or 0
    wanted = rows - counts.quarantined - counts.retained
    rejected = tuple(kept.rejected(job, ground))
    on_raw = Comparison(f"raw.{job.target_name}", rows, counts.raw or 0, problems=rejected)
    return on_raw, Comparison(f"public.{job.target_name}", wanted, there, others=there - wanted)
