"""Query results as pandas DataFrames, typed by the database and not by the values that a column happens to hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

INTEGERS = ("int2", "int4", "int8")
DOUBLES = ("float4", "float8")
TEXTS = ("text", "varchar", "bpchar", "name", "char")
JSONS = ("json", "jsonb")
# psycopg2 tells types by number.
OIDS = {
    16: "bool", 20: "int8", 21: "int2", 23: "int4", 25: "text", 114: "json", 700: "float4", 701: "float8", 18: "char",
    19: "name", 1042: "bpchar", 1043: "varchar", 1082: "date", 1114: "timestamp", 1184: "timestamptz", 1700: "numeric",
    3802: "jsonb",
}  # fmt: skip
ARROW = {
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    **dict.fromkeys(INTEGERS, pa.int64()),
    **dict.fromkeys(DOUBLES, pa.float64()),
    **dict.fromkeys(TEXTS, pa.string()),
}


def from_arrow(table: pa.Table) -> pd.DataFrame:
    """A frame of what ADBC read."""
    kinds: list[str] = [(field.metadata or {}).get(b"POSTGRESQL:type", b"").decode() for field in table.schema]
    return _frame(table.column_names, [_column(one, kind) for one, kind in zip(table.columns, kinds, strict=True)])


def from_rows(names: Sequence[str], kinds: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """A frame of rows as psycopg2 reads them, or SQLite.

    Args:
        names: of the columns.
        kinds: PostgreSQL's names of their types, '' for one that is not known.
        rows: the values.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return _frame(names, [_series(values, kind) for values, kind in zip(columns, kinds, strict=True)])


def _frame(names: Sequence[str], columns: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(dict(enumerate(columns)), copy=False)
    frame.columns = pd.Index(list(names), dtype="str")
    return frame


def _series(values: Sequence[Any], kind: str) -> Any:
    if kind in ARROW:
        return _column(pa.chunked_array([pa.array(values, ARROW[kind])]), kind)
    return pd.Series(list(values), dtype=None if not kind and values else "object")


def _column(column: pa.ChunkedArray, kind: str) -> Any:
    if isinstance(column.type, pa.BaseExtensionType) and kind in ("numeric", *JSONS):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if kind in DOUBLES:
        return column.to_numpy().astype(np.float64, copy=False)
    if kind in INTEGERS or kind == "bool":
        if not column.null_count:
            return column.to_numpy().astype(np.int64 if kind != "bool" else np.bool_, copy=False)
        mask = np.asarray(column.is_null())
        filled = np.asarray(column.fill_null(0 if kind != "bool" else False))
        if kind == "bool":
            return pd.arrays.BooleanArray(filled.astype(np.bool_), mask)
        return pd.arrays.IntegerArray(filled.astype(np.int64), mask)
    if kind == "date":
        return column.cast(pa.timestamp("s")).cast(pa.timestamp("us")).to_numpy()
    if kind in ("timestamp", "timestamptz"):
        instants = pd.Series(column.cast(pa.timestamp("us")).to_numpy())
        return instants.dt.tz_localize("UTC") if kind == "timestamptz" else instants
    if kind in TEXTS:
        return pd.Series(column.to_pandas(), dtype="str")
    values = column.to_pylist()
    if kind == "numeric" or kind in JSONS:
        values = [None if one is None else Decimal(one) if kind == "numeric" else json.loads(one) for one in values]
    return pd.Series(values, dtype="object")
