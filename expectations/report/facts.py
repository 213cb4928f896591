"""What a report tells beside the verdict, as plain data. Sizes are bytes, times are in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from expectations.report.factors import Market


@dataclass(frozen=True)
class Occasion:
    """When a run was, and how much of the checkpoint it evaluated: `declared` counts expectations by suite.

    `part` names what a run that left suites out did evaluate; its report stands beside that of a whole run.
    """

    began: datetime
    declared: Mapping[str, int]
    suites: tuple[str, ...]
    part: str = ""

    @property
    def left_out(self) -> tuple[str, ...]:
        return tuple(name for name in self.declared if name not in self.suites)


@dataclass(frozen=True)
class Load:
    """The last load, as the loader's ledger has it; `finished` is None when it did not finish."""

    number: int
    finished: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class SourceFile:
    """The SQLite file; `changed` is when it was last written."""

    name: str
    size: int
    changed: datetime


@dataclass(frozen=True)
class Timescale:
    """The extension as it is installed; `edition` is its license setting: timescale or apache."""

    version: str
    edition: str


@dataclass(frozen=True)
class Packed:
    """A chunk or a hypertable before and after its compression."""

    before: int
    after: int

    @property
    def saved(self) -> float:
        """The share of the size that compression saves, 0 to 1."""
        return 1 - self.after / self.before if self.before else 0.0


@dataclass(frozen=True)
class Chunk:
    """A compressed chunk and the days that it holds."""

    first: date
    end: date
    packed: Packed


@dataclass(frozen=True)
class Hypertable:
    """A hypertable as TimescaleDB keeps it; `packed` is None while no chunk is compressed."""

    name: str
    time_column: str
    interval: str
    chunks: int
    compressed: int
    size: int
    segment_by: str
    order_by: str
    packed: Packed | None
    history: tuple[Chunk, ...] = ()


@dataclass(frozen=True)
class Lag:
    """How far an aggregate reaches.

    Attributes:
        newest: the first day of its newest bucket, None when it has none.
        end: the day after that bucket's last.
        materialized: up to where it is stored; newer buckets are worked out when they are read.
        base: the newest daily row of the table below it.
    """

    name: str
    bucket: str
    buckets: int
    newest: date | None
    end: date | None
    materialized: date | None
    base: date | None

    @property
    def days(self) -> int | None:
        """How many days up to the newest daily row are not stored yet; None when nothing is."""
        if self.base is None or self.materialized is None:
            return None
        return max(0, (self.base - self.materialized).days + 1)

    @property
    def current(self) -> bool:
        """Whether the newest daily row falls into the newest bucket."""
        if self.base is None:
            return self.newest is None
        if self.newest is None or self.end is None:
            return False
        return self.newest <= self.base and (self.base < self.end or self.end == date.max)


@dataclass(frozen=True)
class Job:
    """A background job that keeps a table or an aggregate; times are None when it has not run yet.

    `said` is the last error, if its last run failed.
    """

    number: int
    task: str
    relation: str
    every: str
    scheduled: bool
    last: datetime | None
    outcome: str
    runs: int
    failures: int
    next: datetime | None
    said: str

    @property
    def state(self) -> str:
        """How it stands with the job, in a word or two."""
        if self.outcome == "Failed":
            return "failed"
        if not self.scheduled:
            return "switched off"
        return "ok" if self.outcome == "Success" else "running" if self.runs else "never run"


@dataclass(frozen=True)
class Held:
    """Rows of a table that are kept apart for one reason, in `raw.rejected_rows` or `audit.quarantine`."""

    place: str
    table: str
    reason: str
    rows: int


@dataclass(frozen=True)
class Summed:
    """A column of a table in raw or public: rows, NULLs, smallest, largest, sum, as the source gives them and there.

    `unlike` says in what the two differ, for what is rounded may look alike.
    """

    place: str
    table: str
    column: str
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    unlike: tuple[str, ...]


@dataclass(frozen=True)
class QueryTime:
    """How a query of the platform did, in milliseconds; `p95` is None while its table has no rows.

    `plan` is that of one beyond its budget.
    """

    meaning: str
    table: str
    budget: float
    p95: float | None
    rows: int
    plan: tuple[str, ...] = ()

    @property
    def beyond(self) -> bool:
        """Whether it took longer than its budget."""
        return self.p95 is not None and self.p95 > self.budget


@dataclass(frozen=True)
class Pulse:
    """How long `select 1` took while the queries were measured, and what it takes on a quiet machine, in ms."""

    p95: float
    budget: float

    @property
    def busy(self) -> bool:
        """Whether other work kept the machine from answering."""
        return self.p95 > self.budget


@dataclass(frozen=True)
class Coverage:
    """Daily prices of a region in a year: tickers that have any, and the share that they have of its trading days."""

    region: str
    year: int
    tickers: int
    share: float


@dataclass(frozen=True)
class StubPrices:
    """Daily prices, those of them that belong to stubs, and how many stubs these are."""

    rows: int
    on_stubs: int
    tickers: int


@dataclass(frozen=True)
class PastVerdict:
    """A run, as `audit.verdicts` has it; `rows` are those of the source."""

    judged: datetime
    suites: tuple[str, ...]
    quick: bool
    passed: bool
    failures: int
    warnings: int
    rows: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the target is asked for the report, whatever a run finds out."""

    load: Load | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    timescale: Timescale | None = None
    own_tables: Mapping[str, int] = field(default_factory=dict)
    hypertables: tuple[Hypertable, ...] = ()
    lags: tuple[Lag, ...] = ()
    jobs: tuple[Job, ...] = ()
    held: tuple[Held, ...] = ()
    built: datetime | None = None
    coverage: tuple[Coverage, ...] = ()
    stubs: StubPrices | None = None
    history: tuple[PastVerdict, ...] = ()
    factors: tuple[Market, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts(Asked):
    """Everything that the run itself did not need, gathered for the report; `target` is embedded or server."""

    occasion: Occasion
    target: str
    source: SourceFile
    columns: tuple[Summed, ...] = ()
    times: tuple[QueryTime, ...] = ()
    pulse: Pulse | None = None
    weakened: tuple[str, ...] = ()
