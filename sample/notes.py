"""What was planted, written down while it is planted: the manifest's raw material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np

from sample.options import Options
from sample.schema import columns_of

# The shapes in which a day stands in the database; `iso` is the clean one.
SHAPES = ("slash", "compact", "iso_t_time", "iso_time")

# Columns that hold a moment end so; all of them may hold Seoul time or UTC, but these four are
# CURRENT_TIMESTAMP's.
_MOMENTS = ("_at", "_time", "timestamp", "last_updated", "last_attempt")
_ALWAYS_UTC = (
    "exchange_rate_history.created_at", "filter_execution_log.executed_at", "kis_api_logs.timestamp",
    "migration_history.applied_at",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows of one table, in the order of their rowids, which count from 1.

    Attributes:
        name: the table.
        rows: values in the order of the schema's columns, without the id that SQLite numbers.
        added: columns that stand in no script; they were added by hand, behind the others.
    """

    name: str
    rows: Sequence[Sequence[Any]]
    added: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names that belong to the values of a row."""
        return columns_of(self.name) + self.added


def shape_day(iso: str, shape: str) -> str:
    """Write a day in one of SHAPES."""
    if shape == "slash":
        return iso.replace("-", "/")
    if shape == "compact":
        return iso.replace("-", "")
    return iso + ("T00:00:00" if shape == "iso_t_time" else " 00:00:00")


@dataclass
class Notes:
    """Everything that a reader of the database should find, kept by kind.

    Attributes:
        counts: rows by table.
        kinds: planted dirt: kind → place (table or table.column) → what is there (rowids, keys or a count).
        references: table → (ticker, region) pairs that its rows belong to, region resolved.
        etf_references: ETFs that etf_holdings names and `etfs` lacks.
        features: what is unusual and not dirt, by kind: counts.
        rejected: rows that PostgreSQL's types cannot hold.
        quarantined: rows that the target's keys or types cannot hold, by table.
        one_of: groups of rows of which one can stay.
    """

    options: Options
    counts: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)
    references: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    etf_references: set[tuple[str, str]] = field(default_factory=set)
    features: dict[str, int] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    quarantined: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    one_of: list[dict[str, Any]] = field(default_factory=list)

    def feature(self, kind: str) -> None:
        """Count one more of something unusual that is no dirt."""
        self.features[kind] = self.features.get(kind, 0) + 1

    def reject(self, table: str, rowid: int, column: str, kind: str) -> None:
        """Expect a row among the rejected ones, for the value of one column."""
        self.rejected.append({"table": table, "rowid": rowid, "column": column, "kind": kind})

    def quarantine(self, table: str, rowid: int, reason: str) -> None:
        """Expect a row in quarantine."""
        self.quarantined.setdefault(table, []).append({"rowid": rowid, "reason": reason})

    def move(self, table: str, old: int, new: int) -> None:
        """A row got another rowid: tell all that was noted about it."""
        for places in self.kinds.values():
            for place, found in places.items():
                if place.split(".")[0] == table and isinstance(found, list):
                    places[place] = [new if one == old else one for one in found]
        self.plant("far_rowids", table, [new])

    def plant(self, kind: str, place: str, found: Any) -> None:
        """Note dirt of a kind at a place: a list of rowids or keys is appended to, a count added to."""
        places = self.kinds.setdefault(kind, {})
        if isinstance(found, list):
            places.setdefault(place, []).extend(found)
        else:
            places[place] = places.get(place, 0) + found

    def refer(self, table: str, pairs: set[tuple[str, str]]) -> None:
        """Note that a table has rows of these securities."""
        self.references.setdefault(table, set()).update(pairs)

    def scan(self, table: Table) -> Table:
        """Count a finished table, its empty strings and its timestamps in UTC; hand it on."""
        self.counts[table.name] = len(table.rows)
        for name, values in zip(table.columns, zip(*table.rows, strict=True), strict=True):
            place = f"{table.name}.{name}"
            if empty := sum(value == "" for value in values):
                self.plant("empty_strings", place, empty)
            if not name.endswith(_MOMENTS) or place in _ALWAYS_UTC:
                continue
            if utc := sum(isinstance(value, str) and value[10:11] == " " for value in values):
                self.plant("created_at_utc", place, utc)
        return table


class Writer:
    """Draws the days and timestamps of one table as the application's several versions wrote them."""

    def __init__(self, notes: Notes, table: str) -> None:
        self._notes = notes
        self.table = table
        self.rng = Random(f"{notes.options.seed} {table}")
        self.dirty = notes.options.dirty
        self.end = notes.options.end_date

    def past(self, days: int) -> str:
        """A random day of the last `days` before the end, as an ISO date."""
        return (self.end - timedelta(days=self.whole(0, days))).isoformat()

    def day(self, column: str, rowid: int, iso: str, share: float = 0.06) -> str:
        """The day as text: ISO, or in a `share` of the rows of a dirty database another shape."""
        if not self.dirty or self.rng.random() >= share:
            return iso
        shape: str = self.pick(SHAPES)
        self._notes.plant(f"date_{shape}", f"{self.table}.{column}", [rowid])
        return shape_day(iso, shape)

    def stamp(self, iso: str | None = None, share: float = 0.08) -> str:
        """A timestamp on a day: naive Seoul time, or in a `share` of the rows of a dirty database UTC."""
        day = self.past(400) if iso is None else iso
        if self.dirty and self.rng.random() < share:
            return self.utc(day)
        return f"{day}T{self._clock(8, 20)}.{self.whole(1, 10**6):06d}"

    def utc(self, iso: str) -> str:
        """A timestamp as CURRENT_TIMESTAMP writes it: UTC, with a blank, to the second."""
        return f"{iso} {self._clock(0, 14)}"

    def _clock(self, first: int, last: int) -> str:
        second = self.whole(first * 3_600, last * 3_600)
        return f"{second // 3_600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of the choices, each as likely."""
        return choices[self.whole(0, len(choices))]

    def number(self, low: float, high: float) -> float:
        """A double between two bounds, with all its digits."""
        return low + (high - low) * self.rng.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high - 1."""
        return low + int(self.rng.random() * (high - low))

    def maybe(self, value: Any, share: float = 0.9) -> Any:
        """The value, or NULL in the rest of the cases."""
        return value if self.rng.random() < share else None


def iso_days(days: np.ndarray[Any, np.dtype[np.datetime64]]) -> list[str]:
    """Days as ISO text."""
    result: list[str] = np.datetime_as_string(days, unit="D").tolist()
    return result


def weekdays_before(end: date, count: int) -> list[str]:
    """The last `count` weekdays up to and including `end`, ascending, as ISO text."""
    last = np.busday_offset(np.datetime64(end, "D"), 0, roll="backward")
    return iso_days(np.busday_offset(last, np.arange(-count + 1, 1)))
