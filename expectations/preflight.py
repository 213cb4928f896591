"""Ask both databases before anything long begins: what is missing is a sentence, not forty failures."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations import stock
from expectations.catalog import Catalog
from expectations.expected.base import TYPES, identity
from loader.snapshot import Snapshot
from quant.errors import UserError
from quant.server import extension, rights
from quant.server.requirements import ask_strangers
from quant.target import CHECKPOINT, Target

FOLDER = Path(__file__).resolve().parent
SHOWN = 3  # names in a sentence


@dataclass(frozen=True)
class Declared:
    """A checkpoint as committed: the number of expectations by suite, in order, and the tables they name.

    `own` are the suites that people wrote by hand, each with the schema and table that it is about.
    """

    name: str
    suites: dict[str, int]
    tables: frozenset[str]
    own: dict[str, tuple[str, str]]


def checkpoints(folder: Path = FOLDER) -> list[Declared]:
    """All checkpoints, read without Great Expectations."""
    return [_declared(path, folder) for path in sorted((folder / "checkpoints").glob("*.json"))]


def checkpoint(name: str, folder: Path = FOLDER) -> Declared:
    """The checkpoint of that name.

    Raises:
        UserError: when there is none, or a suite of it is empty, or expects what is not known.
    """
    if not (folder / "great_expectations.yml").exists():
        raise UserError(f"{folder / 'great_expectations.yml'} is missing: restore it from the repository.")
    known = {one.name: one for one in checkpoints(folder)}
    if name not in known:
        raise UserError(f"There is no checkpoint {name!r}; there is {', '.join(known) or 'none at all'}.")
    for suite, declared in known[name].suites.items():
        if not declared:
            raise UserError(f"The suite {suite} expects nothing: {_cure(suite in known[name].own)}.")
    return known[name]


def _declared(path: Path, folder: Path) -> Declared:
    document = _read(path)
    files = {one["name"]: folder / "suites" / f"{one['name']}.json" for one in document["validation_definitions"]}
    own = {file.stem: _about(file) for file in sorted((folder / "suites").glob("*.json")) if file.stem not in files}
    files |= {name: folder / "suites" / f"{name}.json" for name in own}
    suites = {name: _expectations(file, name in own) for name, file in files.items()}
    told = [one["kwargs"] for name, made in suites.items() if name not in own for one in made]
    tables = frozenset(str(kwargs["table"]) for kwargs in told if "table" in kwargs)
    return Declared(path.stem, {name: len(made) for name, made in suites.items()}, tables, own)


def _about(path: Path) -> tuple[str, str]:
    """The schema and table that a suite written by hand is about, as its `meta.table` says: tickers or raw.tickers."""
    document = _read(path)
    if document.get("id") == identity("suite", path.stem):
        raise UserError(f"{path} is of a suite that is no more: run `python -m expectations.suites`.")
    table = (document.get("meta") or {}).get("table")
    if not isinstance(table, str) or not isinstance(document.get("expectations"), list):
        raise UserError(
            f'{path} needs "meta": {{"table": "…"}}, the table that it is about, and a list of "expectations".'
        )
    schema, _, name = table.rpartition(".")
    return schema or "public", name


def _cure(own: bool) -> str:
    return "mend it" if own else "run `python -m expectations.suites` to write it anew"


def _expectations(path: Path, own: bool) -> list[dict[str, Any]]:
    """A suite's expectations; Great Expectations would pass over one whose type it does not know."""
    found = list(_read(path)["expectations"])
    cure = f"in {path}: {_cure(own)}."
    for one in found:
        if not {"type", "kwargs"} <= one.keys():
            raise UserError(f'An expectation without "type" or "kwargs" {cure}')
        if one["type"] in stock.types():
            stock.check(one["type"], one["kwargs"], cure)
        elif one["type"] not in TYPES:
            near = difflib.get_close_matches(one["type"], [*TYPES, *stock.types()], 1)
            raise UserError(f"There is no expectation {one['type']!r}{f' ({near[0]}?)' if near else ''} {cure}")
        elif one["kwargs"].keys() != TYPES[one["type"]]:
            told, wanted = (", ".join(sorted(names)) or "nothing" for names in (one["kwargs"], TYPES[one["type"]]))
            raise UserError(f"{one['type']} is told {told}, not {wanted}, {cure}")
    return found


def _read(path: Path) -> dict:  # type: ignore[type-arg]
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): run `python -m expectations.suites`.") from error


def ask_tables(declared: Declared, tables: Catalog, folder: Path = FOLDER) -> None:
    """See that the suites name each table that is declared and no other, and expect of it what is declared.

    Raises:
        UserError: when they do not: what no suite names is never judged, and one that is not declared would be taken
            for a table that the source does not have.
    """
    unknown = sorted(declared.tables - tables.tables.keys())
    if unknown:
        raise UserError(
            f"The suites of {declared.name} expect something of {', '.join(unknown)}, which models/ does not declare: "
            "run `python -m expectations.suites` to write them anew."
        )
    from expectations import suites  # and with them a database driver, which a list need not wait for

    made = {path: json.loads(text) for path, text in suites.documents(tables).items()}
    if stale := sorted(path for path, document in made.items() if _read(folder / path) != document):
        said = "".join((folder / path).read_text(encoding="utf-8") for path in made)
        unnamed = sorted(name for name in (*tables.tables, *tables.aggregates) if name not in said)
        told = (
            f"No suite of {declared.name} expects anything of {', '.join(unnamed)}, which models/ declares"
            if unnamed
            else f"{', '.join(stale[:SHOWN])} in {folder} expects something else than models/ declares"
        )
        raise UserError(f"{told}: run `python -m expectations.suites` to write the suites anew.")


def ask_target(target: Target, declared: Catalog, own: Mapping[str, tuple[str, str]]) -> None:
    """See that the target answers and holds what the loader and dbt make, and what suites written by hand are about.

    Raises:
        UserError: when something that the checkpoint needs is not there yet.
    """
    with closing(target.connect(CHECKPOINT)) as connection:
        connection.autocommit = True
        public = [f"public.{name}" for name in (*declared.tables, *declared.aggregates)]
        ask_strangers(connection, str(target), [*public, "audit.quarantine"])
        extension.ask(connection)
        rights.ask(connection, "verdict", str(target), public)
        with connection.cursor() as cursor:
            cursor.execute(
                "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "where n.nspname in ('raw', 'public', 'audit')"
            )
            there = {name for (name,) in cursor.fetchall()}
            if not {"raw._loads", "raw._tables", "raw.rejected_rows"} <= there:
                raise UserError(f"Nothing was loaded into {target} yet: run `python -m loader.run` first.")
            cursor.execute("select from raw._loads limit 1")
            if not cursor.rowcount:
                raise UserError(f"Nothing was loaded into {target} yet: run `python -m loader.run` first.")
            for suite, (schema, table) in own.items():
                cursor.execute("select to_regclass(format('%%I.%%I', %s, %s)) is null", (schema, table))
                if cursor.fetchone() == (True,):
                    raise UserError(
                        f"The suite {suite} is about {schema}.{table}, which is not in {target}: mend its meta."
                    )
    _ask_public(target, declared, there)


def _ask_public(target: Target, declared: Catalog, there: Collection[str]) -> None:
    wanted = {f"public.{name}" for name in (*declared.tables, *declared.aggregates)} | {"audit.quarantine"}
    missing = sorted(wanted - set(there))
    if missing:
        shown = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
        verb = "is" if len(missing) == 1 else "are"
        raise UserError(f"{shown} {verb} not in {target}: run `dbt build` first, and see that it succeeds.")


def notes(finished: bool, fingerprint: str | None, snapshot: Snapshot) -> list[str]:
    """What the last load means for the verdict: whether it came to its end, and whether it saw this source."""
    if not finished:
        return ["The last load did not finish: run `python -m loader.run` again."]
    if fingerprint and fingerprint != snapshot.digest:
        return ["The source has changed since the last load: differences may be no more than that. Load again to know."]
    return []
