"""How counts, and names of anybody's making, are told."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable
from unicodedata import category, east_asian_width

from quant.errors import InvalidValue

STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")  # what moves a cursor, turns the direction of text, ends a line or is no text


def counted(value: int, one: str, many: str | None = None) -> str:
    """A count with its noun: 1 row, 2 rows."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def meant(name: str, known: Iterable[str]) -> str:
    """A question in brackets for a name that is misspelt; empty where none is near."""
    near = difflib.get_close_matches(name, known, 1)
    return f" (do you mean {near[0]}?)" if near else ""


def literal(text: str) -> str:
    """A text as SQL writes it.

    Raises:
        InvalidValue: for a text with a NUL in it.
    """
    if "\0" in text:
        raise InvalidValue(f"A text has a NUL in it, which PostgreSQL cannot hold: {text[:40]!r}.")
    return "'" + text.replace("'", "''") + "'"


def printable(line: str) -> str:
    """A line for a terminal: characters that would steer it, which a name may have, are written by their numbers."""
    if line.isprintable():
        return line
    return "".join(one.encode("unicode_escape").decode() if category(one) in STEERING else one for one in line)


def width(line: str) -> int:
    """The columns of a terminal that a printable line takes: a Korean letter takes two."""
    return sum(1 + (east_asian_width(one) in "WF") for one in line)


def as_json(document: object, default: Callable[[object], object] | None = None) -> str:
    """A document for programs, of which nothing steers the terminal of a person who looks at it."""
    text = json.dumps(document, ensure_ascii=False, indent=2, default=default)
    return re.sub(
        r"[^ -~\n]", lambda found: json.dumps(found[0])[1:-1] if category(found[0]) in STEERING else found[0], text
    )
