"""Sum up columns: rows, NULLs, the smallest and the largest value, the sum; the order of the rows does not matter.

Sums are exact, for what is rounded can hide a difference: of doubles those bits are added that a sum of so many holds,
and then what is left of them. Dates count by their days, times by their microseconds, truth by ones, texts by bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import frexp, isnan
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations.parity import digest
from expectations.parity.value import show

HUGE = 2.0**960  # from here on there may be no double that is larger than a batch's sum
DIGITS = 53  # of a double: what is left of one that was rounded is smaller by so many
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
        """Take in a batch; one of texts may be `coded`, where each of its texts stands for a row."""
        self.rows += len(column)
        self.nulls += column.null_count
        values = _plain(column.drop_null())
        if not len(values):
            return
        least, most = _bounds(values.dictionary if pa.types.is_dictionary(values.type) else values)
        self.smallest = least if self.smallest is None else min(self.smallest, least)
        self.largest = most if self.largest is None else max(self.largest, most)
        if pa.types.is_floating(values.type):
            total, infinite = _sum_of_doubles(values.to_numpy())
            self.total += total
            self.infinite += infinite
        elif pa.types.is_integer(values.type):
            self.total += _sum_of_integers(values.to_numpy())
        else:
            self.total += _bytes(values)

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
    """Values that have an order and a sum of their own."""
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8())
    column = digest.coded(column)
    return column.view(_width(column.type)) if pa.types.is_temporal(column.type) else column


def _bounds(values: pa.Array) -> tuple[Any, Any]:
    """The smallest and the largest value; of doubles without those that are no number, and 0.0 for -0.0."""
    if not pa.types.is_floating(values.type):
        found = pc.min_max(values)
        return found["min"].as_py(), found["max"].as_py()
    numbers = values.to_numpy()
    least, most = float(numbers.min()), float(numbers.max())
    if isnan(least):
        found = pc.min_max(values)
        least, most = found["min"].as_py(), found["max"].as_py()
    return least + 0.0, most + 0.0


def _sum_of_integers(values: npt.NDArray[np.integer]) -> int:
    wide = values.astype(np.int64)
    return (int((wide >> 32).sum()) << 32) + int((wide & 0xFFFFFFFF).sum())


def _bytes(texts: pa.DictionaryArray) -> int:
    lengths = np.asarray(pc.binary_length(texts.dictionary), np.int64)
    return int(lengths[np.asarray(texts.indices)].sum())


def _sum_of_doubles(values: npt.NDArray[np.float64]) -> tuple[int, int]:
    """The exact sum of a batch, and how many values, that are not finite, are left out of it.

    Added to a power of two that exceeds all of them together, values round to multiples of its last bit: these add up
    without an error in whatever order, and what was rounded off is left exactly (Rump, Ogita, Oishi 2008, AccSum).
    """
    total, infinite = 0, 0
    if len(values) and not _magnitude(values) < HUGE:
        finite = np.isfinite(values)
        huge = finite & (np.abs(values) >= HUGE)
        total, infinite = sum(map(_in_units, values[huge].tolist())), int((~finite).sum())
        values = values[finite & ~huge]
    if not len(values):
        return total, infinite
    room = len(values).bit_length()
    left, rounded = values.copy(), np.empty_like(values)
    bits = frexp(_magnitude(values))[1]
    while left.any():
        above = 2.0 ** (bits + room)
        np.add(left, above, out=rounded)
        rounded -= above
        total += _in_units(float(rounded.sum()))
        left -= rounded
        bits += room - DIGITS
    return total, infinite


def _magnitude(values: npt.NDArray[np.float64]) -> float:
    return max(float(values.max()), -float(values.min()))


def _in_units(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return (numerator << FINEST) // denominator
