"""What can go wrong, each as a sentence that names the thing, the place and the cure."""

from __future__ import annotations


class UserError(Exception):
    """Something a user can mend: one or two sentences with the thing, the place and the cure.

    Command lines print the message on stderr without a traceback and exit with `COULD_NOT_RUN`.
    """


def in_one_line(error: BaseException) -> str:
    """What an error of a library says, ready to stand amid a sentence, without where in the server it arose."""
    return " ".join(str(error).partition("\nCONTEXT:")[0].split())[:500].rstrip(".")


WELL = 0
NOT_WELL = 1
COULD_NOT_RUN = 2


class QuantError(UserError):
    """Whatever the managers raise."""


class QueryError(QuantError):
    """The database refused a statement. Nothing of it was done."""


class NotHere(QueryError):
    """A standby does not take the statement; its primary might."""


class IntegrityError(QueryError):
    """A key, a foreign key, NOT NULL or a check forbids it; or it would break what the migration promises to keep."""


class InvalidValue(QueryError, ValueError):
    """A value that its column cannot hold, or an argument that makes no sense."""


class UnknownName(QuantError, LookupError):
    """There is no such table, column or region; or it may not be written."""


class UnknownRegion(UnknownName, InvalidValue):
    """A region that is none of the six, or a ticker whose region is not clear without being told."""


class UnknownParent(IntegrityError, UnknownName):
    """A row refers to a ticker, strategy or fund that does not exist."""


class ReadOnly(QueryError):
    """The SQLite file is only read."""


class ConnectionLost(QuantError, ConnectionError):
    """The server cannot be reached, or the connection broke. A statement that was sent may have been done."""


class PoolTimeout(QuantError, TimeoutError):
    """No connection came free in time."""
