"""How a source row of one table must look in `public`: which columns, of which type, under which key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from expectations.parity import canonical, digest, regions
from expectations.parity.digest import Words
from expectations.parity.source import SourceBatch

ORIGIN = "source_rowid"  # in public: the row of the source that this one comes from
INSTANT = pa.timestamp("us", "UTC")
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
        time: the column by which a hypertable is cut into chunks.
    """

    types: Mapping[str, pa.DataType]
    key: tuple[str, ...]
    regions: Mapping[str, Region]
    time: str | None = None

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
        keys = digest.rows([columns[name] for name in self.key], length)
        return keys, digest.rows([columns[name] for name in self.columns], length)

    def canonical(self, batch: SourceBatch) -> tuple[dict[str, pa.Array], Unread]:
        """The canonical columns of a batch, and which of its rows have none."""
        result: dict[str, pa.Array] = {}
        bad = np.zeros(len(batch), bool)
        for name, kind in self.types.items():
            if name in self.regions:
                rule = self.regions[name]
                tickers, _ = _tickers(batch.columns[rule.ticker])
                column, unread = regions.resolve(tickers, batch.columns.get(name), rule.parents)
            elif name == ORIGIN:
                column, unread = batch.rowids, None
            elif name in self.tickers:
                column, unread = _tickers(batch.columns[name])
            else:
                column, unread = convert(name, batch.columns[name], kind)
            result[name] = column
            if unread is not None:
                bad |= unread
        return result, (bad if bad.any() else None)


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
    if kind == INSTANT:
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
