"""Render the pages of a report: one set of templates says it, a writer for each format says how.

A section's template calls the macros of `w` (`html.j2` or `markdown.j2`). Every value is escaped for its format;
macros and pictures are Markup and go through as they are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from expectations.report import wording
from expectations.report.facts import Facts
from expectations.report.pages import Page
from expectations.verdict import Verdict
from quant.text import counted, printable

TEMPLATES = Path(__file__).with_name("templates")
FORMATS = {"html": "html", "md": "markdown"}  # the writer of each file's ending
SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
FILTERS = ("number", "size", "percent", "milliseconds", "duration", "day", "moment", "every", "listed")


def render(page: Page, verdict: Verdict, facts: Facts, kind: str) -> str:
    """The whole page as `html` or `md`."""
    environment = _environment(kind)
    sections = [
        {
            "name": section.name,
            "title": section.title,
            "body": Markup(_text(environment, f"sections/{section.name}.j2", section.context(verdict, facts))),
        }
        for section in page.sections
    ]
    text = _text(environment, "page.j2", {"sections": sections, **page.context(verdict, facts)})
    return text if kind == "html" else re.sub(r"\n{3,}", "\n\n", text)


def _text(environment: Environment, name: str, context: dict[str, Any]) -> str:
    return environment.get_template(name).render(context)


def _environment(kind: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=_shown if kind == "html" else _plain,
    )
    environment.filters |= {name: getattr(wording, name) for name in FILTERS}
    environment.filters["one_line"] = lambda words: Markup(" ".join(words.split()))
    environment.filters["indented"] = _indented
    environment.globals["counted"] = counted
    environment.globals["w"] = environment.get_template(f"{FORMATS[kind]}.j2").module
    return environment


def _indented(words: object) -> Markup:
    return Markup("\n".join(f"    {printable(line)}" for line in str(words).splitlines()))


def _shown(value: object) -> object:
    """Nothing that turns the direction of text, or steers a terminal that shows the file."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "\n".join(map(printable, value.split("\n")))


def _plain(value: object) -> Markup:
    """Words that Markdown takes for nothing but words."""
    if isinstance(value, Markup):
        return value
    return Markup(SPECIAL.sub(r"\\\1", printable(str(value).replace("\n", " "))))
