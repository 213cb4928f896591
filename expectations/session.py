"""What one run of the checkpoint looks at, opened once and shared by all its expectations.

Great Expectations makes expectations out of JSON, so nothing but plain values can be handed to them;
they find the open databases here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from expectations import books, queries, stubs
from expectations.at_work import AtWork, look
from expectations.beside import Ask, Beside, beside, of_suites
from expectations.catalog import Catalog
from expectations.factors import judged
from expectations.moment import Moment, held
from expectations.parity import dates, since
from expectations.parity import target as arrow
from expectations.parity.examine import compare
from expectations.parity.file_rules import of_file
from expectations.parity.proven import Parts
from expectations.parity.result import Comparison
from expectations.parity.rules import Found, Judge
from expectations.parity.since import Proven
from expectations.parity.source import open_files
from expectations.parity.survey import Counts, Survey
from expectations.parity.table import Ground, Progress, TableJob
from expectations.proofs import Proofs
from expectations.structure.structure import Structure
from expectations.typed import named, widened
from loader.snapshot import Snapshot
from quant import code
from quant.adbc_sigint import disable_adbc_sigint
from quant.server.watch import LIMIT
from quant.target import CHECKPOINT, Target

VALUES, COLUMNS, KEYS = "values", "columns", "keys"
BY_VALUE = {VALUES, COLUMNS}  # suites that read every row of every table
FINGERPRINTS = "fingerprints"  # the suite that reads those of hypertables only

CONSERVATION = "conservation"

_current: ContextVar[Session] = ContextVar("session")


class Session:
    """The two databases of a run, and what was found out about them so far.

    `suites` are those that this run evaluates. `timings` has the queries that were measured by their meaning,
    None for one whose table has no rows; `pulses` are the times of `select 1` beside them, p95 in ms.
    `proofs` tell what need not be read again, and take what is proven now; `notes` say how much was read. `beside` is a
    session for what depends on nothing of this, if there can be one.
    """

    def __init__(
        self, ground: Ground, moment: Moment, target: Target, catalog: Catalog, suites: Collection[str]
    ) -> None:
        self.ground = ground
        self.moment = moment
        self.target = target
        self.suites = suites
        self.survey = Survey(ground, catalog)
        self.comparisons: dict[str, tuple[Comparison, Comparison | None]] = {}
        self.timings: dict[str, queries.Timing | None] = {}
        self.pulses: list[float] = []
        self.judged_rules: dict[str, Found] = {}
        self.proofs: Proofs | None = None
        self.notes: list[str] = []
        self.beside: Beside | None = None

    @cached_property
    def counts(self) -> dict[str, Counts]:
        """The rows of every table of the source, by name."""
        return {counts.table: counts for counts in self.survey.counts()}

    def rejoin(self) -> None:
        """Go on at the same moment after an error has ended the transaction."""
        with self.ground.plain.cursor() as cursor:
            self.moment.join(cursor.execute)

    def ask_ahead(self) -> None:
        """Have asked beside what these suites ask of the target alone, and what reads much of it."""
        wanted = [name for name in self.apart if (VALUES if name == CONSERVATION else KEYS) in self.suites]
        if self.beside:
            self.beside.ask_ahead({name: self.apart[name] for name in wanted})

    def asked(self, name: str) -> Any:
        """What one of `apart` finds."""
        found = self.beside.answer(name) if self.beside else None
        return self.apart[name](self.ground.plain) if found is None else found

    @cached_property
    def apart(self) -> dict[str, Ask]:
        """By name what asks the target alone and reads much of it."""
        declared = self.survey.catalog
        childless = {
            stubs_of(table.name): partial(stubs.childless, declared, table)
            for table in declared.tables.values()
            if table.stub_where != "false"
        }
        return {CONSERVATION: books.shown_and_counted(self.survey, self.copied)} | childless

    @cached_property
    def at_work(self) -> AtWork:
        """Who loads or builds, as seen when the run begins."""
        return look(self.ground.plain)

    def last_load(self) -> tuple[bool, str | None]:
        """Whether the last load came to its end, and the fingerprint of the source that it saw."""
        asked = "select finished_at is not null, fingerprint from raw._loads order by load_id desc limit 1"
        with self.ground.plain.cursor() as cursor:
            cursor.execute(asked)
            return cursor.fetchone() or (False, None)

    def books(self) -> object:
        """What loads and builds have noted last."""
        asked = "select max(load_id), max(finished_at), (select max(built_at) from audit.build_state) from raw._loads"
        with self.ground.plain.cursor() as cursor:
            cursor.execute(asked)
            return cursor.fetchone()

    @property
    def copied(self) -> list[str]:
        """The declared tables that are filled from the source."""
        return [name for name in self.survey.catalog.tables if name in self.survey.catalog.sources]

    def rules(self, table: str) -> Found:
        """How the source's rules stand in a declared table of public."""
        if table not in self.judged_rules:
            there = self.survey.tables.get(table)
            file = of_file(self.ground.files.plain, there.name) if there else None
            judge = Judge(self.ground.plain, self.survey.catalog.tables[table], file)
            self.judged_rules[table] = judge.judge()
        return self.judged_rules[table]

    @cached_property
    def scores(self) -> judged.Judge:
        """The judge of the factors."""
        return judged.Judge(self.ground.plain)

    @cached_property
    def structure(self) -> Structure:
        """The schema of the target."""
        return Structure(self.ground.plain, self.survey.catalog)

    @cached_property
    def anchors(self) -> dict[str, object]:
        """What the platform's queries are asked with."""
        return queries.anchors(self.ground.plain)

    @property
    def compares(self) -> bool:
        """Whether the suites of this run are about values at all."""
        return bool({FINGERPRINTS, *BY_VALUE} & set(self.suites))

    @property
    def reads_all(self) -> bool:
        """Whether every row of every table is compared."""
        return bool(BY_VALUE & set(self.suites))

    @cached_property
    def to_compare(self) -> frozenset[str]:
        """The tables whose values the suites of this run are about."""
        if self.reads_all:
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
            tallied = self.survey.tallied.get(job.target_name)
            parts = since.parts(job, self.ground, code.digest(), tallied) if self.proofs else None
            found = self._since(job, parts, progress) or compare(replace(job, parts=parts), self.ground, progress)
            self.comparisons[job.target_name] = found
            if self.proofs and parts and all(one and one.equal for one in found):
                self.proofs.found[job.target_name] = Proven(parts.proof(), parts.apart())

    def _since(
        self, job: TableJob, parts: Parts | None, progress: Progress
    ) -> tuple[Comparison, Comparison | None] | None:
        """Compare by what was written since it was proven, and say so; None where all has to be read."""
        before = self.proofs.known.get(job.target_name) if self.proofs else None
        if parts is None or before is None or self.reads_all:
            return None
        read, of = parts.know(before.parts)
        found = since.compare(replace(job, parts=parts), self.ground, progress, before, self.counts[job.target_name])
        if found is None:
            parts.forget()
            return None
        self.notes.append(
            f"Of the {of:,} parts of {job.target_name} {read:,} were read: the others are as proven before."
        )
        return found


@contextmanager
def open_session(
    snapshot: Snapshot, target: Target, catalog: Catalog, suites: Collection[str], limit: float = LIMIT
) -> Iterator[Session]:
    """Open both databases and make them the current session; `limit` seconds for whoever holds a table exclusively."""
    disable_adbc_sigint()
    pa.set_memory_pool(pa.system_memory_pool())  # the default one keeps some 40 MB of what was freed
    with (
        open_files(snapshot.uri) as files,
        held(target, catalog, limit) as moment,
        arrow.connect(target) as stream,
        closing(target.connect(CHECKPOINT)) as plain,
        ExitStack() as others,
    ):
        plain.autocommit = True
        dates.read_any_date(plain)
        with plain.cursor() as cursor:
            moment.join(cursor.execute)
        with stream.cursor() as cursor:
            moment.join(cursor.execute)
        ground = Ground(files, stream, plain)
        session = Session(ground, moment, target, widened(plain, named(plain, catalog)), suites)
        if moment.snapshot and session.compares:
            session.beside = others.enter_context(beside(target, moment))
            session.beside.ask_ahead(of_suites(suites))
        token = _current.set(session)
        try:
            yield session
        finally:
            _current.reset(token)


def stubs_of(table: str) -> str:
    """What is asked of a table's stubs, among those that are `apart`."""
    return f"stubs of {table}"


def current() -> Session:
    """The session of this run."""
    return _current.get()
