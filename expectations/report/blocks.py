"""What a report is made of, whatever it is written as: HTML and Markdown render the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from expectations.verdict import Check


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; the columns in `numeric` are set to the right.

    `rules` are the rows before which a new group begins; `marked` are those that are not as they should be.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    caption: str = ""
    rules: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Figure:
    """A picture as SVG, with a caption that says what one sees, and the same as a table where there is no picture."""

    svg: str
    caption: str
    instead: Table | None = None


@dataclass(frozen=True)
class Findings:
    """Expectations that are not met, or could not be asked, each with what was found."""

    checks: Sequence[Check]


@dataclass(frozen=True)
class Folded:
    """A table that is there for whoever looks for it."""

    title: str
    table: Table


Block: TypeAlias = Paragraph | Table | Figure | Findings | Folded


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """The whole report; `word` is the verdict in a word, `key` the numbers that stand at the top, with their labels."""

    title: str
    word: str
    sentence: str
    notes: Sequence[str]
    key: Sequence[tuple[str, str]]
    sections: Sequence[Section]
