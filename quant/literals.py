"""Parameters of statements: plain Python values for psycopg2, and SQL text for drivers that bind no parameters.

Programs write their statements for psycopg2, such as `interval '%s days'` or `in %s`. Servers that bind parameters
refuse these, or misread them in silence, so the text is filled in here by psycopg2's rules.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

from quant.errors import InvalidValue
from quant.text import literal as text_literal

MISFIT = "The parameters do not fit the statement's placeholders: {}."

Params = Sequence[Any] | Mapping[str, Any] | None


def plain(value: Any) -> Any:
    """A value as psycopg2 takes it: numpy's and pandas' scalars as Python's, NaN, NaT and NA as None."""
    if value is None or isinstance(value, str | bool | int):
        return value if not isinstance(value, np.str_) else str(value)
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.datetime64 | np.timedelta64):
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value)
        return plain(value)
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    if isinstance(value, pd.Timedelta):
        return value.to_pytimedelta()
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        return [plain(one) for one in value.tolist()]
    if isinstance(value, list | tuple):
        return type(value)(plain(one) for one in value) if type(value) in (list, tuple) else value
    return value


def plain_params(params: Params) -> Any:
    """All of a statement's parameters; none at all where there are none, so that `like 'x%'` may stand in it.

    Raises:
        InvalidValue: for what is neither a sequence nor a mapping.
    """
    if params is None:
        return None
    if isinstance(params, Mapping):
        return {name: as_json(value) for name, value in params.items()} or None
    if isinstance(params, Sequence) and not isinstance(params, str | bytes):
        return tuple(as_json(value) for value in params) or None
    raise InvalidValue(
        f"Parameters are a tuple, a list or a dict, not {type(params).__name__}: write (value,) for one."
    )


def as_json(value: Any) -> Any:
    """A plain value, where a dict becomes JSON."""
    if isinstance(value, dict):
        from psycopg2.extras import Json

        return Json(value, dumps=dump_json)
    return plain(value)


def dump_json(value: Any) -> str:
    """JSON text; NaN becomes null, dates ISO text, numpy's values plain ones.

    Raises:
        InvalidValue: for what JSON cannot hold.
    """
    try:
        return json.dumps(_jsonable(value), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidValue(f"JSON cannot hold this: {error}.") from error


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | np.ndarray | pd.Series):
        return [_jsonable(one) for one in value]
    value = plain(value)
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else value


def render(query: str, params: Params) -> str:
    """The statement with its parameters in it.

    Raises:
        InvalidValue: when they do not fit the placeholders.
    """
    values = plain_params(params)
    if values is None:
        return query
    try:
        if isinstance(values, dict):
            return query % {name: literal(value) for name, value in values.items()}
        return query % tuple(literal(value) for value in values)
    except (TypeError, ValueError, KeyError) as error:
        raise InvalidValue(MISFIT.format(error)) from error


def literal(value: Any) -> str:
    """A value as SQL text, as psycopg2 writes it.

    Raises:
        InvalidValue: for a type that SQL has no word for.
    """
    value = plain(value)
    if value is None:
        return "NULL"
    for types, write in WRITERS:
        if isinstance(value, types):
            return write(value)
    if hasattr(value, "adapted"):  # psycopg2's Json
        return text_literal(dump_json(value.adapted))
    raise InvalidValue(f"A parameter is of the type {type(value).__name__}, which SQL has no word for.")


def _number(value: int | float | Decimal) -> str:
    if not math.isfinite(value):
        kind = "numeric" if isinstance(value, Decimal) else "float8"
        return f"'{value}'::{kind}"
    return f" {value}" if str(value).startswith("-") else str(value)  # two signs would begin a comment


def _array(value: list[Any]) -> str:
    return f"ARRAY[{','.join(map(literal, value))}]" if value else "'{}'"


# In this order: a truth value is an int, too, and a moment a date.
WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: str(value).lower()),
    ((int, float, Decimal), _number),
    (str, text_literal),
    (datetime, lambda value: f"'{value.isoformat()}'::{'timestamptz' if value.tzinfo else 'timestamp'}"),
    (date, lambda value: f"'{value.isoformat()}'::date"),
    (time, lambda value: f"'{value.isoformat()}'::time"),
    (timedelta, lambda value: f"'{value.days} days {value.seconds}.{value.microseconds:06} seconds'::interval"),
    (UUID, lambda value: f"'{value}'::uuid"),
    ((bytes, bytearray, memoryview), lambda value: f"'\\x{bytes(value).hex()}'::bytea"),
    (list, _array),
    (tuple, lambda value: f"({', '.join(map(literal, value))})"),
    (Mapping, lambda value: text_literal(dump_json(value))),
)
