"""Named indexes as the yml declares them, `(a, b desc) where …`, and as the catalog has them, in one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from expectations.structure.found import Row

OPTION = re.compile(
    r"^(.*?)((?:\s+\w+_ops)?(?:\s+collate\s+\S+)?(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?)$", re.S
)
Normal = Callable[[str], str]


@dataclass(frozen=True)
class Index:
    """What makes an index that one and no other; `columns` with their operator class, collation and order."""

    method: str
    columns: tuple[str, ...]
    included: tuple[str, ...]
    condition: str

    def __str__(self) -> str:
        told = f"{self.method} ({', '.join(self.columns)})"
        told += f" include ({', '.join(self.included)})" if self.included else ""
        return told + (f" where {self.condition}" if self.condition else "")


@dataclass(frozen=True)
class Parts:
    """A definition taken apart: the expressions in it are yet to be normalised."""

    method: str
    columns: list[tuple[str, str]]
    included: list[str]
    condition: str

    def expressions(self) -> list[str]:
        return [*(column for column, _ in self.columns), *self.included, *filter(None, [self.condition])]

    def index(self, normal: Normal) -> Index:
        columns = tuple(" ".join(filter(None, (normal(column), option))) for column, option in self.columns)
        return Index(
            self.method, columns, tuple(map(normal, self.included)), normal(self.condition) if self.condition else ""
        )


def declared(definition: str) -> Parts:
    """A definition as it follows `create index … on …`."""
    method = re.match(r"\s*using\s+(\w+)\s*", definition, re.I)
    inside, rest = _brackets(definition[method.end() :] if method else definition)
    included: list[str] = []
    if found := re.match(r"\s*include\s*", rest, re.I):
        within, rest = _brackets(rest[found.end() :])
        included = list(_commas(within))
    condition = re.search(r"\bwhere\b(.*)", rest, re.I | re.S)
    columns = [_column(one) for one in _commas(inside)]
    return Parts(method[1].lower() if method else "btree", columns, included, condition[1].strip() if condition else "")


def existing(row: Row) -> Parts:
    """An index of the catalog."""
    columns = list(zip(row["columns"], row["options"], strict=True))
    return Parts(row["method"], columns, list(row["included"]), row["condition"] or "")


def _column(text: str) -> tuple[str, str]:
    """An expression and its options as `found.INDEXES` writes them: the usual ones are left out."""
    matched = OPTION.match(text.strip())
    assert matched  # it matches any text
    option = " ".join(matched[2].lower().split())
    for long, short in (("desc nulls first", "desc"), ("asc nulls last", ""), ("asc", ""), ("nulls last", "")):
        if option.endswith(long) and not (long == "nulls last" and "desc" in option):
            option = option.removesuffix(long) + short
            break
    return matched[1], option.strip()


def _brackets(text: str) -> tuple[str, str]:
    """What stands in the brackets that the text begins with, and what follows them."""
    depth = 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if not depth:
            return text[1:place], text[place + 1 :]
    return text[1:], ""


def _commas(text: str) -> Iterator[str]:
    """The parts between commas that stand in no brackets."""
    depth, begin = 0, 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and not depth:
            yield text[begin:place].strip()
            begin = place + 1
    yield text[begin:].strip()
