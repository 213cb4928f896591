"""Write the report's files."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import date
from pathlib import Path

from expectations.report import content
from expectations.report.facts import Facts
from expectations.report.html import html
from expectations.report.markdown import markdown
from expectations.verdict import Verdict
from quant.errors import UserError


def prepare(folder: Path) -> None:
    """See that a report can be written there, before a run that takes minutes.

    Raises:
        UserError: when the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error.strerror) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, "Permission denied")


def write(verdict: Verdict, facts: Facts, folder: Path) -> list[Path]:
    """Write the JSON, Markdown and HTML file, each whole or not at all; returns their paths.

    Raises:
        UserError: when the folder cannot be written to.
    """
    page = content.page(verdict, facts)
    # The verdict names the source by its path; a report is handed on, and only the file's name goes with it.
    document = {"title": page.title, "sentence": page.sentence, **verdict.document()}
    document |= {"source": facts.source.name, "facts": asdict(facts)}
    texts = {
        "json": json.dumps(document, indent=1, ensure_ascii=False, default=_plain) + "\n",
        "md": markdown(page),
        "html": html(page),
    }
    name = "-".join(filter(None, (verdict.checkpoint, facts.occasion.part)))
    try:
        return [_replace(folder / f"{name}.{kind}", text) for kind, text in texts.items()]
    except OSError as error:
        raise _unwritable(folder, error.strerror) from error


def _replace(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _plain(value: object) -> str:
    assert isinstance(value, date), value  # a datetime is one too
    return value.isoformat()


def _unwritable(folder: Path, said: str | None) -> UserError:
    return UserError(
        f"The report cannot be written to {folder}: {said}. Choose another folder with --report, or --no-report."
    )
