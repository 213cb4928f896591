"""Sum up columns: rows, NULLs, the smallest and the largest value, the sum; the order of the rows does not matter.

Sums are exact, for what is rounded can hide a difference: doubles are added as whole multiples of a power of two that
no double is finer than. Dates count by their days, times by their microseconds, truth by ones, texts by their bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity.value import show

FRACTION = 52  # bits of a double; those above are its exponent and its sign
HALF = 26  # of them are added apart, so a batch's sums are exact in doubles too
NOT_FINITE = 2047  # the exponent of what is not finite
FINEST = 1074  # every double is a whole multiple of 2 ** -FINEST
SHOWN = ("rows", "NULLs", "smallest", "largest", "sum")


@dataclass
class Summary:
    """A column so far. `total` of doubles is in units of 2 ** -FINEST, without those that are not finite."""

    kind: pa.DataType = field(compare=False)
    rows: int = 0
    nulls: int = 0
    smallest: object = None
    largest: object = None
    total: int = 0
    infinite: int = 0

    def add(self, column: pa.Array) -> None:
        """Take in a batch."""
        self.rows += len(column)
        self.nulls += column.null_count
        values = _plain(column.drop_null())
        if not len(values):
            return
        least, most = _bounds(values)
        self.smallest = least if self.smallest is None else min(self.smallest, least)
        self.largest = most if self.largest is None else max(self.largest, most)
        if pa.types.is_floating(values.type):
            total, infinite = _sum_of_doubles(values.to_numpy())
            self.total += total
            self.infinite += infinite
        elif pa.types.is_integer(values.type):
            self.total += _sum_of_integers(values.to_numpy())
        else:
            self.total += int(pc.sum(pc.binary_length(values)).as_py())

    def shown(self) -> tuple[str, ...]:
        """What SHOWN names, as people read it."""
        return (f"{self.rows:,}", f"{self.nulls:,}", self._bound(self.smallest), self._bound(self.largest), self._sum())

    def _bound(self, value: object) -> str:
        if value is None:
            return ""
        if pa.types.is_temporal(self.kind):
            try:
                return show(pa.scalar(value, _width(self.kind)).cast(self.kind).as_py())
            except (ValueError, OverflowError):
                return f"{value:,} since 1970"  # a day that Python's calendar does not have
        return show(bool(value) if pa.types.is_boolean(self.kind) else value)

    def _sum(self) -> str:
        if pa.types.is_floating(self.kind):
            return _rounded(self.total) + (f" and {self.infinite:,} not finite" if self.infinite else "")
        units = (pa.types.is_date32, "days"), (pa.types.is_timestamp, "µs"), (pa.types.is_boolean, "true")
        plain = "" if pa.types.is_integer(self.kind) else " bytes"
        return f"{self.total:,}" + next((f" {unit}" for fits, unit in units if fits(self.kind)), plain)


def unlike(wanted: Summary, found: Summary) -> list[str]:
    """In what a column is not what it should be."""
    both = zip(SHOWN, wanted.shown(), found.shown(), strict=True)
    told = [f"{what} {there or 'none'}, expected {here or 'none'}" for what, here, there in both if here != there]
    if not told and wanted != found:
        told.append(f"the sum is off by {_rounded(found.total - wanted.total)}, which rounding would hide")
    return told


def _rounded(total: int) -> str:
    try:
        return repr(float(Fraction(total, 1 << FINEST)))
    except OverflowError:
        return "beyond a double"


class Columns(dict[str, Summary]):
    """The columns of one side, by name."""

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Take in a batch of rows."""
        for name, column in columns.items():
            self.setdefault(name, Summary(column.type)).add(column)

    def differences(self, found: Columns) -> dict[str, list[str]]:
        """What is found otherwise than here, by the column's name; a side without rows has no columns."""
        names = {name: summary.kind for columns in (self, found) for name, summary in columns.items()}
        told = {
            name: unlike(self.get(name, Summary(kind)), found.get(name, Summary(kind))) for name, kind in names.items()
        }
        return {name: lines for name, lines in told.items() if lines}


def _width(kind: pa.DataType) -> pa.DataType:
    return pa.int32() if pa.types.is_date32(kind) else pa.int64()


def _plain(column: pa.Array) -> pa.Array:
    """Values that have an order and a sum of their own; 0.0 for -0.0, of which neither is the smaller one."""
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8())
    if pa.types.is_temporal(column.type):
        return column.view(_width(column.type))
    return pc.add(column, 0.0) if pa.types.is_floating(column.type) else column


def _bounds(values: pa.Array) -> tuple[Any, Any]:
    """The smallest and the largest value, of doubles without those that are no number."""
    if pa.types.is_floating(values.type):
        numbers = values.to_numpy()
        least, most = float(numbers.min()), float(numbers.max())
        if not isnan(least):
            return least, most
    found = pc.min_max(values)
    return found["min"].as_py(), found["max"].as_py()


def _sum_of_integers(values: npt.NDArray[np.integer]) -> int:
    wide = values.astype(np.int64)
    return (int((wide >> 32).sum()) << 32) + int((wide & 0xFFFFFFFF).sum())


def _sum_of_doubles(values: npt.NDArray[np.float64]) -> tuple[int, int]:
    """The exact sum of a batch, mantissas being added by their exponent, and how many values are left out of it."""
    bits = values.view(np.int64)
    exponents = bits >> FRACTION & NOT_FINITE
    mantissas = bits & (1 << FRACTION) - 1
    mantissas[exponents > 0] |= 1 << FRACTION  # a bit that is not stored; the finest have none
    np.negative(mantissas, out=mantissas, where=bits < 0)
    counts = np.bincount(exponents, minlength=NOT_FINITE + 1)
    high = np.bincount(exponents, mantissas >> HALF)
    low = np.bincount(exponents, mantissas & (1 << HALF) - 1)
    total = 0
    for exponent in np.flatnonzero(counts[:NOT_FINITE]).tolist():
        total += ((int(high[exponent]) << HALF) + int(low[exponent])) << max(exponent - 1, 0)
    return total, int(counts[NOT_FINITE])
