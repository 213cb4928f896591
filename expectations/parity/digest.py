"""Turn Arrow columns into one 64-bit digest a row.

Two rows that differ in a single number, date or boolean always get different digests: every step is a
bijection of 64 bits. Texts go through XXH3 first, so two texts are confused once in 2**64.
Floats count by their bit pattern (-0.0 is not 0.0), NULL is a value of its own (it is not '').
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

Words = npt.NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15
FOLD = np.uint64(0xD6E8FEB86659FD93)  # odd, so that multiplying by it loses nothing
NULL = np.uint64(0xA0761D6478BD642F)
WORD = (1 << 64) - 1


class UnsupportedTypeError(TypeError):
    """A column type that has no digest here."""


class Read(NamedTuple):
    """A column as digests take it: 64 bits for each value, and where there is none."""

    words: Words
    nulls: npt.NDArray[np.bool_] | None


def rows(columns: Sequence[pa.Array], length: int) -> Words:
    """The digest of each row; the order of the columns matters, their names do not."""
    return of_read(map(read, columns), length)


def read(column: pa.Array) -> Read:
    """A column that may be part of several digests."""
    return Read(words(column), np.asarray(pc.is_null(column)) if column.null_count else None)


def coded(column: pa.Array) -> pa.Array:
    """A column of texts as indices into those that are in it, for whoever needs them twice; any other as it is."""
    return column.dictionary_encode() if _is_text(column.type) else column


def plain(column: pa.Array) -> pa.Array:
    """What was `coded`, as it was."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def of_read(columns: Iterable[Read], length: int) -> Words:
    """The digest of each row of such columns."""
    folded = np.zeros(length, np.uint64)
    for place, column in enumerate(columns, 1):
        folded *= FOLD
        folded += _mixed(column, place)
    return folded


def _mixed(column: Read, place: int) -> Words:
    """The values of a column, well spread, and different for different places in the row."""
    values = spread(column.words ^ np.uint64((place * GOLDEN) & WORD))
    if column.nulls is not None:
        values[column.nulls] = NULL
    return values


def words(column: pa.Array) -> Words:
    """64 bits for each value; what stands for a NULL is arbitrary."""
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_date32(kind):
        column = column.view(pa.int32())
    elif _is_text(kind) or pa.types.is_dictionary(kind):
        return _of_text(coded(column))
    elif not (pa.types.is_integer(kind) or pa.types.is_float64(kind) or _is_instant(kind)):
        raise UnsupportedTypeError(f"values of the type {kind}")
    return _raw_values(column)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _is_instant(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.unit == "us")


def _raw_values(column: pa.Array) -> Words:
    width = column.type.bit_width // 8
    buffer = column.buffers()[1]
    if buffer is None or not len(column):
        return np.zeros(len(column), np.uint64)
    stored = np.frombuffer(buffer, f"i{width}", len(column), column.offset * width)
    return stored.astype(np.int64, copy=False).view(np.uint64)


def _of_text(texts: pa.DictionaryArray) -> Words:
    distinct = texts.dictionary.cast(pa.binary()).to_numpy(zero_copy_only=False)
    digests = np.fromiter(map(xxhash.xxh3_64_intdigest, distinct), np.uint64, len(distinct))
    if not len(digests):
        return np.zeros(len(texts), np.uint64)
    found: Words = digests[np.asarray(texts.indices.fill_null(0))]
    return found


def spread(values: Words) -> Words:
    """The finaliser of SplitMix64, in place."""
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values
