"""The report as Markdown: the same words and tables, for a pull request or a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from expectations.report.blocks import Block, Figure, Findings, Folded, Page, Paragraph, Table
from expectations.verdict import Check

SHOWN = 25  # lines of one finding; the JSON has them all
SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")


def markdown(page: Page) -> str:
    """The whole document."""
    return "\n".join(_document(page)) + "\n"


def _document(page: Page) -> Iterator[str]:
    yield f"# {page.title}"
    yield ""
    yield f"**{page.word}.** {_plain(page.sentence)}"
    yield ""
    for note in page.notes:
        yield f"> {_plain(note)}"
        yield ""
    yield from (f"- **{value}** {_plain(label)}" for value, label in page.key)
    for section in page.sections:
        yield ""
        yield f"## {section.title}"
        for block in section.blocks:
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield ""
        yield _plain(block.text)
    elif isinstance(block, Figure):
        if block.instead:
            yield from _table(block.instead)
    elif isinstance(block, Findings):
        for check in block.checks:
            yield from _finding(check)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Folded):
        yield ""
        yield f"<details><summary>{_plain(block.title)}</summary>"
        yield from _table(block.table)
        yield ""
        yield "</details>"


def _table(table: Table) -> Iterator[str]:
    yield ""
    if table.caption:
        yield _plain(table.caption)
        yield ""
    yield _row([_plain(cell) for cell in table.head])
    yield _row(["---:" if place in table.numeric else "---" for place in range(len(table.head))])
    for order, row in enumerate(table.rows):
        name, *rest = map(_plain, row)
        yield _row([f"**{name}**" if order in table.marked else name, *rest])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _finding(check: Check) -> Iterator[str]:
    label = "could not be asked" if check.failed else "warning" if check.severity != "critical" else "not met"
    yield ""
    yield f"### {label.capitalize()}: {_plain(check.description)}"
    yield ""
    yield f"Suite {check.suite}"
    found = [check.failed] if check.failed else list(check.problems)
    if found:
        yield ""
        yield from (f"    {part}" for line in found[:SHOWN] for part in line.splitlines())
    if len(found) > SHOWN:
        yield ""
        yield f"… and {len(found) - SHOWN:,} lines more; the JSON beside this file has them all."


def _plain(words: str) -> str:
    """Words that Markdown takes for nothing but words."""
    return SPECIAL.sub(r"\\\1", words.replace("\n", " "))
