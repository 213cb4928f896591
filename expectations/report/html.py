"""The report as one HTML page that needs nothing else: no script, no file, no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from expectations.report.blocks import Block, Figure, Findings, Folded, Page, Paragraph, Section, Table
from expectations.verdict import Check
from quant.text import counted

STYLE = Path(__file__).with_name("style.css")
SHORT = 18  # letters of a cell that is not broken into lines
SHOWN = 12  # lines of a finding that stand open, the others are folded
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(page: Page) -> str:
    """The whole document."""
    return "\n".join(_document(page)) + "\n"


def _document(page: Page) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{escape(page.title)}: {escape(page.word.lower())}</title>"
    yield f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>"
    yield "</head>"
    yield "<body>"
    yield "<header>"
    yield f"<h1>{escape(page.title)}</h1>"
    kind = "good" if page.word == "Met" else "bad"
    yield f'<p class="verdict {kind}"><strong>{escape(page.word)}.</strong> {escape(page.sentence)}</p>'
    yield from (f'<p class="note">{escape(note)}</p>' for note in page.notes)
    yield '<dl class="key">'
    yield from (f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for value, label in page.key)
    yield "</dl>"
    yield "</header>"
    yield "<main>"
    for section in page.sections:
        yield from _section(section)
    yield "</main>"
    yield "</body>"
    yield "</html>"


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{escape(section.name)}">'
    yield f"<h2>{escape(section.title)}</h2>"
    for block in section.blocks:
        yield from _block(block)
    yield "</section>"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield f"<p>{escape(block.text)}</p>"
    elif isinstance(block, Figure):
        yield f"<figure><div>{block.svg}</div>"
        yield f"<figcaption>{escape(block.caption)}</figcaption></figure>"
    elif isinstance(block, Findings):
        for check in block.checks:
            yield from _finding(check)
    elif isinstance(block, Folded):
        yield f"<details><summary>{escape(block.title)}</summary>"
        yield from _table(block.table)
        yield "</details>"
    else:
        yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    yield '<div class="table"><table>' if any(table.head) else '<div class="table"><table class="pairs">'
    if table.caption:
        yield f"<caption>{escape(table.caption)}</caption>"
    if any(table.head):
        cells = "".join(_cell("th", place, cell, table, ' scope="col"') for place, cell in enumerate(table.head))
        yield f"<thead><tr>{cells}</tr></thead>"
    yield "<tbody>"
    for order, row in enumerate(table.rows):
        kinds = [kind for kind, places in (("rule", table.rules), ("marked", table.marked)) if order in places]
        kind = f' class="{" ".join(kinds)}"' if kinds else ""
        first = _cell("th", 0, row[0], table, ' scope="row"')
        rest = "".join(_cell("td", place, cell, table) for place, cell in enumerate(row[1:], start=1))
        yield f"<tr{kind}>{first}{rest}</tr>"
    yield "</tbody></table></div>"


def _cell(tag: str, place: int, words: str, table: Table, more: str = "") -> str:
    kinds = ["number"] if place in table.numeric else ["short"] if len(words) <= SHORT else []
    kinds += ["zero"] if place in table.numeric and words == "0" else []
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    return f"<{tag}{more}{kind}>{escape(words)}</{tag}>"


def _finding(check: Check) -> Iterator[str]:
    warning = not check.failed and check.severity != "critical"
    label = "could not be asked" if check.failed else "warning" if warning else "not met"
    yield f'<article class="finding {"mild" if warning else "grave"}">'
    yield f"<h3><span>{label}</span> {escape(check.description)}</h3>"
    yield f'<p class="suite">suite {escape(check.suite)}</p>'
    found = [check.failed] if check.failed else list(check.problems)
    if found:
        yield _lines(found[:SHOWN])
    if more := found[SHOWN:]:
        yield f"<details><summary>{counted(len(more), 'line')} more</summary>{_lines(more)}</details>"
    yield "</article>"


def _lines(found: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in found)
    return f"<ul>{lines}</ul>"
