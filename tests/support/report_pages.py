"""Reports of made-up verdicts, and the words that a page shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from expectations.report import Facts, Occasion, write
from expectations.report.facts import SourceFile
from expectations.verdict import Check, TableLine, Verdict


class _Reader(HTMLParser):
    """Collects the page's words, and sees that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def words(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return " ".join(" ".join(reader.words).split())


def plain(markdown: str) -> str:
    return markdown.replace("\\", "")


def verdict(*checks: Check) -> Verdict:
    line = TableLine("odd & <b>table", 1, 1, 0, None, 0, None, None, "")
    return Verdict("phase1", "/home/someone/spock.db", "server (me@here:5432/db)", (line,), checks, (), 1.0)


def facts(**changed: Any) -> Facts:
    file = SourceFile("spock.db", 0, datetime(2026, 1, 1, tzinfo=UTC))
    occasion = Occasion(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), {"counts": 1}, ("counts",))
    return replace(Facts(occasion=occasion, target="server", source=file), **changed)


def pages(checked: Verdict, found: Facts, folder: Path) -> tuple[str, str]:
    write(checked, found, folder)
    html, markdown = ((folder / f"phase1.{kind}").read_text(encoding="utf-8") for kind in ("html", "md"))
    return html, markdown
