"""The one error that a user is meant to read."""

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
