"""Columns of values as the database's types hold them, in Arrow; what does not fit is refused with its place."""

from __future__ import annotations

import json
import numbers
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from quant.errors import InvalidValue
from quant.frames import ARROW, DOUBLES, INTEGERS, JSONS, TEXTS
from quant.literals import dump_json, plain
from quant.names import TIMEFRAMES, as_date

Values = Sequence[Any] | pd.Series


def column(values: Values, kind: str, where: str, is_key: bool = False) -> pa.Array:
    """The values in the Arrow type that stands for a type of PostgreSQL; NaN, NaT and NA are NULL.

    Args:
        values: one for each row.
        kind: PostgreSQL's name of the type.
        where: table and column, for messages.
        is_key: of a key, so that a number is no text: 5930 is not '005930'.

    Raises:
        InvalidValue: for a value that the type cannot hold, with the column and the row's number.
    """
    if isinstance(values, pd.Series):
        fast = _numbers(values, kind) if values.dtype.kind in "fiu" else _other(values, kind)
        if fast is not None:
            return fast
        values = values.tolist()
    read = _reader(kind, is_key)
    made: list[Any] = []
    for number, given in enumerate(values):
        value = given if kind in JSONS else plain(given)
        try:
            empty = value is None or (kind in JSONS and plain(value) is None)
            made.append(None if empty else read(value))
        except (InvalidValue, ValueError, TypeError, OverflowError, InvalidOperation) as error:
            reason = error if isinstance(error, InvalidValue) else f"{given!r} is no {_spoken(kind)}"
            raise InvalidValue(f"{where}, row {number}: {str(reason).rstrip('.')}.") from error
    try:
        return pa.array(made, ARROW.get(kind, pa.string()))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise InvalidValue(f"{where}: {error}.") from error


def _numbers(values: pd.Series, kind: str) -> pa.Array | None:
    """Columns of numbers at once."""
    if not isinstance(values.dtype, np.dtype):
        return None
    if kind in DOUBLES:
        return pa.array(values.to_numpy(np.float64), from_pandas=True)
    if kind in INTEGERS:
        found = values.to_numpy()
        if found.dtype.kind == "f":
            here = ~np.isnan(found)
            whole = np.where(here, found, 0.0)
            if not (np.isfinite(whole).all() and (whole == np.trunc(whole)).all() and (np.abs(whole) < 2**63).all()):
                return None
            return pa.array(whole.astype(np.int64), mask=~here)
        return pa.array(found.astype(np.int64)) if found.dtype != np.uint64 else None
    return None


def _other(values: pd.Series, kind: str) -> pa.Array | None:
    """Columns of times and texts at once, where pandas knows that they are nothing else."""
    if values.dtype.kind == "M" and kind == "date":
        days = values.dt.tz_localize(None) if isinstance(values.dtype, pd.DatetimeTZDtype) else values
        return pa.array(days.to_numpy().astype("datetime64[D]"), pa.date32())
    if values.dtype.kind == "M" and kind == "timestamptz" and isinstance(values.dtype, pd.DatetimeTZDtype):
        return pa.array(values.dt.tz_convert("UTC")).cast(pa.timestamp("us", "UTC"), safe=False)
    if kind in TEXTS and isinstance(values.dtype, pd.StringDtype):
        return pa.array(values, from_pandas=True).cast(pa.string())
    return None


def _reader(kind: str, is_key: bool) -> Callable[[Any], Any]:
    if kind in TEXTS:
        return _key_text if is_key else _text
    if kind in DOUBLES:
        return _double
    if kind in INTEGERS:
        return _integer
    readers: dict[str, Callable[[Any], Any]] = {
        "bool": _boolean,
        "date": lambda value: as_date(value, "The value"),
        "timestamptz": _instant,
        "timestamp": lambda value: _instant(value).replace(tzinfo=None),
        "numeric": _decimal,
        **dict.fromkeys(JSONS, _json),
    }
    return readers.get(kind, str)


def _spoken(kind: str) -> str:
    return {"bool": "truth value", "timestamptz": "time"}.get(kind, "number" if kind in (*DOUBLES, "numeric") else kind)


def _text(value: Any) -> str:
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidValue(f"{value!r} has a NUL in it, which PostgreSQL cannot hold")
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, numbers.Number | Decimal) and not isinstance(value, bool):
        return str(value)
    raise TypeError


def _key_text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"{value!r} is no text: keys such as '005930' are text, or they lose their zeros")
    return _text(value)


def _double(value: Any) -> float:
    if isinstance(value, str | bytes):
        raise TypeError
    return float(value)


def _integer(value: Any) -> int:
    if isinstance(value, str | bytes):
        raise TypeError
    found = int(value)
    if found != value or not -(2**63) <= found < 2**63:
        raise InvalidValue(f"{value!r} is no whole number that a bigint holds")
    return found


def _boolean(value: Any) -> bool:
    if value not in (0, 1):
        raise TypeError
    return bool(value)


def _decimal(value: Any) -> str:
    if isinstance(value, str | bytes | bool):
        raise TypeError
    return str(Decimal(repr(value) if isinstance(value, float) else value))


def _instant(value: Any) -> datetime:
    """A moment; text is ISO. Without a zone it is UTC, as the sessions are."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(value: Any) -> str:
    """JSON text; a string that is JSON already stays as it is."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return dump_json(value)
        return value
    return dump_json(value)


def timeframes(column: pa.Array) -> pa.Array:
    """D, W, M as the database spells them."""
    for short, spelled in TIMEFRAMES.items():
        column = pc.if_else(pc.equal(column, short), spelled, column)
    return column
