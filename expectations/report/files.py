"""Write the report's files: those of this run under names of their own, and the same as the latest."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import date
from pathlib import Path

from expectations.report.facts import Facts
from expectations.report.pages import PAGES
from expectations.report.render import FORMATS, render
from expectations.report.sections import answer
from expectations.verdict import Verdict
from quant.errors import UserError
from quant.text import as_json


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
    """Write JSON, HTML and Markdown, each file whole or not at all; returns the paths of the latest, HTML first.

    What is kept has target and time in its name: `phase1-server-20261126T031500Z.html` beside `phase1.html`.

    Raises:
        UserError: when the folder cannot be written to.
    """
    # The verdict names the source by its path; a report is handed on, and only the file's name goes with it.
    document = verdict.document() | {"source": facts.source.name, "sentence": answer.sentence(verdict, facts)}
    document |= {"facts": asdict(facts)}
    texts = {
        (page.part, kind): render(page, verdict, facts, kind) for page in PAGES if page.there(facts) for kind in FORMATS
    }
    texts["", "json"] = as_json(document, _plain) + "\n"
    stamp = f"{facts.target}-{facts.occasion.began:%Y%m%dT%H%M%SZ}"
    written = []
    try:
        for (part, kind), text in texts.items():
            names = [name for name in (verdict.checkpoint, facts.occasion.part, part) if name]
            _replace(folder / f"{'-'.join([*names, stamp])}.{kind}", text)
            written.append(_replace(folder / f"{'-'.join(names)}.{kind}", text))
    except OSError as error:
        raise _unwritable(folder, error.strerror) from error
    return written


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
