"""How a source row of one table must look in `public`: which columns, of which type, under which key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity import canonical, digest, regions
from expectations.parity.digest import Words
from expectations.parity.source import SourceBatch

ORIGIN = "source_rowid"  # in public: the row of the source that this one comes from
Unread = np.ndarray | None
Conversion = Callable[[pa.Array, pa.DataType], tuple[pa.Array, Unread]]


@dataclass(frozen=True)
class Region:
    """A region column: the ticker it belongs to and the regions of the parents it may inherit from."""

    ticker: str
    parents: Mapping[str, str]


@dataclass(frozen=True)
class Shape:
    """The canonical form of a table.

    Attributes:
        types: the Arrow type of each compared column of `public`, in the order of the digests.
        key: the primary key's columns.
        regions: the columns that are worked out from a ticker.
        names: the source's name of each column that it has.
        time: the column by which a hypertable is cut into chunks.
        read_as: the type of each column of the source that a row of the table is made from, as models/ names it.
        indexed: by the columns of each index those of text that no declared length keeps short.
    """

    types: Mapping[str, pa.DataType]
    key: tuple[str, ...]
    regions: Mapping[str, Region]
    names: Mapping[str, str]
    time: str | None = None
    read_as: Mapping[str, str] = field(default_factory=dict)
    indexed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def tickers(self) -> frozenset[str]:
        """The columns that hold tickers."""
        return frozenset(rule.ticker for rule in self.regions.values())

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.types)

    def digests(self, columns: Mapping[str, pa.Array]) -> tuple[Words, Words]:
        """The digests of the keys and of the whole rows, out of canonical columns."""
        length = len(columns[self.key[0]])
        key = {name: digest.read(columns[name]) for name in self.key}
        whole = (key.get(name) or digest.read(columns[name]) for name in self.columns)
        return digest.of_read(key.values(), length), digest.of_read(whole, length)

    def canonical(self, batch: SourceBatch) -> tuple[dict[str, pa.Array], Unread]:
        """The canonical columns of a batch, and which of its rows have none."""
        columns, unread = self.readings(batch)
        homeless = [np.asarray(pc.is_null(columns[name])) for name in self.regions]
        bad = np.logical_or.reduce([np.zeros(len(batch), bool), *unread.values(), *homeless])
        return columns, (bad if bad.any() else None)

    def readings(self, batch: SourceBatch) -> tuple[dict[str, pa.Array], dict[str, np.ndarray]]:
        """The canonical columns of a batch, and where a value cannot be read, by the sentence that says so."""
        result: dict[str, pa.Array] = {}
        unread: dict[str, np.ndarray] = {}
        given = {name: batch.columns[source] for name, source in self.names.items() if source in batch.columns}
        for name, kind in self.types.items():
            if name in self.regions:
                rule = self.regions[name]
                tickers, _ = _tickers(given[rule.ticker])
                result[name], _ = regions.resolve(tickers, given.get(name), rule.parents)
            elif name == ORIGIN:
                result[name] = batch.rowids
            elif name in self.tickers:
                result[name], _ = _tickers(given[name])
            else:
                result[name], bad = convert(name, given[name], kind)
                if bad is not None and bad.any():
                    unread |= self._sentences(name, given[name], kind, bad)
        if self.time and "timeframe" in given and pa.types.is_string(given["timeframe"].type):
            unread |= _told(
                "a bar of less than a day, and date holds no time",
                canonical.less_than_a_day(given["timeframe"], given[self.time]),
            )
        for columns, texts in self.indexed.items():
            too_long = canonical.too_long([result[name] for name in texts])
            unread |= _told(f"the key of {columns} is too long for an index", too_long)
        return result, unread

    def _sentences(self, name: str, column: pa.Array, kind: pa.DataType, bad: np.ndarray) -> dict[str, np.ndarray]:
        """What is wrong with the values that cannot be read: they are of another kind, or have no such meaning."""
        lost = f"{name} does not hold a {self.read_as.get(name, 'value of its type')}"
        if (pa.types.is_date32(kind) or kind == canonical.INSTANT) and not pa.types.is_binary(column.type):
            return {f"{name} cannot be read": bad}
        return {lost: bad}


def _told(sentence: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {sentence: rows} if rows.any() else {}


def convert(name: str, column: pa.Array, kind: pa.DataType) -> tuple[pa.Array, Unread]:
    """One column in the type that it has in `public`."""
    if name == "timeframe":
        return canonical.distinct(column, canonical.read_timeframe, pa.string())
    if column.type == kind:
        return column, None
    if column.null_count == len(column):
        return pa.nulls(len(column), kind), None
    if pa.types.is_date32(kind):
        return canonical.distinct(column, canonical.read_date, kind)
    if kind == canonical.INSTANT:
        return canonical.instants(column)
    if pa.types.is_boolean(kind):
        return canonical.distinct(column, canonical.read_boolean, kind)
    if pa.types.is_integer(kind):
        return canonical.distinct(column, lambda value: _within(value, kind), kind)
    if pa.types.is_float64(kind):
        return canonical.distinct(column, _exact_float, kind)
    if pa.types.is_string(kind) and pa.types.is_integer(column.type):
        return canonical.distinct(column, str, kind)
    return pa.nulls(len(column), kind), np.asarray(column.is_valid())  # no value of raw's type has a form in this one


def _within(value: object, kind: pa.DataType) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else int(str(value))
    bits = kind.bit_width - 1
    if not -(1 << bits) <= number < 1 << bits:
        raise ValueError(f"{value} does not fit {kind}")
    return number


def _tickers(column: pa.Array) -> tuple[pa.Array, Unread]:
    return canonical.distinct(column, canonical.read_ticker, pa.string())


def _exact_float(value: object) -> float:
    if isinstance(value, str):
        return float(value)
    number = int(str(value))
    if int(float(number)) != number:
        raise ValueError(f"{number} is no exact double")
    return float(number)
