"""Ctrl-C while ADBC reads.

ADBC's own way, for calls of the main thread, cancels through an object that may be gone by then: a few in a hundred
interrupts ended the process with a segmentation fault, or were lost. Left to Python they come after the call, as
with psycopg2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adbc_driver_manager import dbapi


def _call(function: Callable[..., Any], given: Sequence[Any], named: Mapping[str, Any], _cancel: object) -> Any:
    return function(*given, **named)


def disable_adbc_sigint() -> None:
    """Keep ADBC from taking the signal; what it does itself on Windows."""
    dbapi._blocking_call = _call  # type: ignore[attr-defined, assignment]
