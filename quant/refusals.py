"""Errors of the drivers, as this package's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pyarrow as pa

from quant.errors import (
    ConnectionLost,
    IntegrityError,
    InvalidValue,
    NotHere,
    QuantError,
    QueryError,
    UnknownParent,
    in_one_line,
)

# A standby takes no writes, cancels what stands in the way of the primary's, and knows nothing that only a primary has.
ELSEWHERE = ("25006", "40001", "55000")
BROKEN = ("08", "57P")  # connection exceptions; ended by an administrator, a crash or a shutdown
SENT = "The connection broke: {}. A statement that was sent may have been done or not: look before you send it again."


@contextmanager
def told() -> Iterator[None]:
    """Within the block, what psycopg2, ADBC and Arrow raise becomes a QuantError."""
    try:
        yield
    except QuantError:
        raise
    except psycopg2.ProgrammingError as error:
        if error.pgcode is None:  # psycopg2 itself: a parameter of a type that it does not know
            raise InvalidValue(f"The parameters cannot be sent: {in_one_line(error)}.") from error
        raise translated(str(error), error.pgcode) from error
    except psycopg2.Error as error:
        raise translated(str(error), error.pgcode) from error
    except psycopg2.Warning as error:
        raise QueryError(f"The statement was refused: {in_one_line(error)}.") from error
    except (pa.ArrowInvalid, OverflowError) as error:
        raise InvalidValue(f"A value has no place in a DataFrame: {in_one_line(error)}.") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "adbc_driver_manager":
            raise
        raise translated(_of_adbc(error), getattr(error, "sqlstate", None)) from error


def translated(text: str, state: str | None) -> QuantError:
    """The error for a message and an SQLSTATE; without one, the connection is what failed."""
    text = " ".join(text.partition("\nCONTEXT:")[0].partition("\nQuery was:")[0].split())
    text = re.sub(r" LINE \d+: .*?\^", "", text)[:1000].rstrip(".")
    if state is None:
        lost = re.search(r"connection|server closed|terminat|SSL|EOF", text, re.IGNORECASE)
        return ConnectionLost(SENT.format(text)) if lost else QueryError(f"The statement was refused: {text}.")
    if state.startswith(BROKEN):
        return ConnectionLost(SENT.format(text))
    if state == "23503" and "is not present in table" in text:
        return UnknownParent(f"A row refers to what does not exist: {text}.")
    if state.startswith("23"):
        return IntegrityError(f"The database's rules forbid it: {text}.")
    if state.startswith("22"):
        return InvalidValue(f"A value does not fit: {text}.")
    if state == "57014":
        return QueryError(f"The statement was stopped: {text}. A larger statement_timeout of the manager allows more.")
    refused = NotHere if state in ELSEWHERE else QueryError
    return refused(f"The statement was refused: {text}.")


def _of_adbc(error: Exception) -> str:
    """ADBC's words without the names of its own parts."""
    return str(error).rpartition("ERROR: ")[2].partition("SQLSTATE:")[0].strip(" .\n")
