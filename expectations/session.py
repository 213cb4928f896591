"""What one run of the checkpoint looks at, opened once and shared by all its expectations.

Great Expectations makes expectations out of JSON, so nothing but plain values can be handed to them;
they find the open databases here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from functools import cached_property

import pyarrow as pa

from expectations import queries
from expectations.catalog import Catalog
from expectations.parity import target as arrow
from expectations.parity.examine import compare
from expectations.parity.result import Comparison
from expectations.parity.source import open_files
from expectations.parity.survey import Counts, Survey
from expectations.parity.table import Ground, Progress
from expectations.structure.structure import Structure
from loader.interrupts import leave_to_python
from loader.snapshot import Snapshot
from loader.target import Target

COLUMNS = "columns"
BY_VALUE = {"values", COLUMNS}  # suites that read every row of every table
FINGERPRINTS = "fingerprints"  # the suite that reads those of hypertables only

SETTINGS = "set extra_float_digits to 1"  # a role may have another, and doubles come as text here

_current: ContextVar[Session] = ContextVar("session")


class Session:
    """The two databases of a run, and what was found out about them so far.

    `suites` are those that this run asks. `timings` has the queries that were measured by their meaning,
    None for one whose table has no rows.
    """

    def __init__(self, ground: Ground, target: Target, catalog: Catalog, suites: Collection[str]) -> None:
        self.ground = ground
        self.target = target
        self.suites = suites
        self.survey = Survey(ground, catalog)
        self.comparisons: dict[str, tuple[Comparison, Comparison | None]] = {}
        self.timings: dict[str, queries.Timing | None] = {}

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """The rows of every table of the source, by name."""
        return {counts.table: counts for counts in self.survey.counts()}

    @cached_property
    def structure(self) -> Structure:
        """The schema of the target."""
        return Structure(self.ground.plain, self.survey.catalog)

    @cached_property
    def anchors(self) -> dict[str, object]:
        """What the platform's queries are asked with."""
        return queries.anchors(self.ground.plain)

    @cached_property
    def to_compare(self) -> frozenset[str]:
        """The tables whose values the suites of this run are about."""
        if BY_VALUE & set(self.suites):
            return frozenset(self.counts)
        hypertables = {table.name for table in self.survey.catalog.tables.values() if table.hypertable}
        return frozenset(self.counts.keys() & hypertables if FINGERPRINTS in self.suites else ())

    def rows_to_read(self) -> int:
        """How many rows the comparison reads, on all sides."""
        read = [self.counts[name] for name in self.to_compare]
        return sum(counts.source + (counts.raw or 0) + (counts.public or 0) for counts in read)

    def compare(self, progress: Progress) -> None:
        """Compare those tables with raw and public: the long part of a run."""
        for job in self.survey.jobs(self.to_compare, summed=COLUMNS in self.suites):
            self.comparisons[job.target_name] = compare(job, self.ground, progress)


@contextmanager
def open_session(snapshot: Snapshot, target: Target, catalog: Catalog, suites: Collection[str]) -> Iterator[Session]:
    """Open both databases and make them the current session."""
    leave_to_python()
    pa.set_memory_pool(pa.system_memory_pool())  # the default one keeps some 40 MB of what was freed
    with (
        open_files(snapshot.uri) as files,
        arrow.connect(target) as stream,
        closing(target.connect("quant checkpoint")) as plain,
    ):
        plain.autocommit = True
        with plain.cursor() as cursor:
            cursor.execute(SETTINGS)
        token = _current.set(Session(Ground(files, stream, plain), target, catalog, suites))
        try:
            yield _current.get()
        finally:
            _current.reset(token)


def current() -> Session:
    """The session of this run."""
    return _current.get()
