"""What the documents quote: blocks of commands, tables, code within the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quant.paths import PROJECT

PAGES = (
    "README.md",
    "docs/MIGRATION_RUNBOOK.md",
    "docs/VALIDATION_REPORT.md",
    "docs/PERFORMANCE_TUNING_GUIDE.md",
    "docs/python.md",
)
FENCE = re.compile(r"^( *)```(\w*) *(.*)\n((?:.*\n)*?)\1```$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, the words after that, its text."""

    page: str
    line: int
    language: str
    mark: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its lines without what is said of them."""
        return [line.split(" #")[0].strip() for line in self.text.splitlines() if line.strip()]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def read(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = read(page)
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found[2],
            found[3],
            re.sub(f"^{found[1]}", "", found[4], flags=re.MULTILINE),
        )
        for found in FENCE.finditer(text)
    ]


def table(page: str, head: str) -> list[list[str]]:
    """The cells of all lines of the tables whose first column has that head."""
    found, inside = [], False
    for line in read(page).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        inside = bool(cells) and (inside or cells[0] == head)
        if inside and cells[0] != head and not re.fullmatch("[-: ]+", cells[0]):
            found.append(cells)
    return found


def spans(page: str) -> list[str]:
    """What stands in backticks within the text of a page, outside of its blocks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", FENCE.sub("", read(page)))
