"""Run a checkpoint through Great Expectations and make a verdict of what it says.

Great Expectations passes when it should not: it drops an expectation whose type it does not know, and
turns a database that is down into failures of each expectation. So what was evaluated is held against
what is declared, and an exception is never an answer. Importing it takes seconds: only this module does.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy

from expectations.later import later

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    later("scipy.stats", "altair")
    import great_expectations as gx
    import psycopg2.extensions
    import sqlalchemy
    from great_expectations import ValidationDefinition
    from great_expectations.data_context.data_context.file_data_context import FileDataContext
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    from expectations import (
        custom,  # noqa: F401  registers our own expectations
        custom_books,  # noqa: F401  registers those about the books
        declared,  # noqa: F401  registers those about the schema
        docs_site,
        scored,  # noqa: F401  registers those about factors
        stock,
    )

from expectations.moment import NOW, Moment
from expectations.parity import dates
from expectations.preflight import Declared
from expectations.verdict import Check
from quant.errors import UserError, in_one_line
from quant.server import watch
from quant.target import CHECKPOINT, Target

FOLDER = Path(__file__).resolve().parent


def run(
    declared: Declared,
    suites: Collection[str],
    target: Target,
    folder: Path = FOLDER,
    data_docs: Path | None = None,
    moment: Moment = NOW,
) -> Iterator[Check]:
    """Validate the chosen suites one after the other and yield the outcome of each expectation.

    Great Expectations' own pages of it are written to the folder `data_docs`, if one is named. Its sessions read as of
    `moment`.

    Raises:
        UserError: when Great Expectations did not evaluate what is declared.
    """
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    with _context(target, folder, moment) as context, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        definitions = {one.name: one for one in context.checkpoints.get(declared.name).validation_definitions}
        for name in declared.own.keys() & set(suites):
            definitions[name] = _own(context, name, *declared.own[name], folder)
        for definition in (definitions[name] for name in declared.suites if name in suites):
            table = ".".join(declared.own.get(definition.name, ()))
            result = definition.run(result_format="SUMMARY" if table else "COMPLETE")
            evaluated = result.statistics["evaluated_expectations"]
            if not evaluated == len(result.results) == declared.suites[definition.name] > 0:
                raise UserError(
                    f"Of the {declared.suites[definition.name]} expectations of the suite {definition.name} only "
                    f"{evaluated} were evaluated: a type in expectations/suites/{definition.name}.json is not known. "
                    "Run `python -m expectations.suites` to write the suites anew."
                )
            yield from (_check(definition.name, one, table) for one in result.results)
        if data_docs:
            docs_site.build(context, data_docs)


@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def _watch(made: object, _: object) -> None:
    """Have the connections of Great Expectations watched, too."""
    if isinstance(made, psycopg2.extensions.connection):
        watch.register(made)


def _own(context: FileDataContext, name: str, schema: str, table: str, folder: Path) -> ValidationDefinition:
    """A suite that somebody wrote by hand, with the table that it is about."""
    document = json.loads((folder / "suites" / f"{name}.json").read_text(encoding="utf-8"))
    source: Any = context.data_sources.get("target")
    try:
        suite = gx.ExpectationSuite(name=name, expectations=document["expectations"], meta=document["meta"])
        asset = source.add_table_asset(name, table_name=table, schema_name=schema)
        whole = asset.add_batch_definition_whole_table("whole")
        made = gx.ValidationDefinition(name=name, data=whole, suite=context.suites.add(suite))
    except (ValueError, TypeError, ConnectionError, GreatExpectationsError) as error:
        raise UserError(f"The suite {name} in {folder / 'suites'} cannot be used: {in_one_line(error)}") from error
    return context.validation_definitions.add(made)


@contextmanager
def _context(target: Target, folder: Path, moment: Moment) -> Iterator[FileDataContext]:
    """The file context, with its connection closed at the end whatever happens.

    It is a copy: Great Expectations writes down what is added to it.
    """
    url = target.url(CHECKPOINT).render_as_string(hide_password=False)
    with TemporaryDirectory(prefix="quant-checkpoint-") as room:
        shutil.copy(folder / "great_expectations.yml", room)
        for kind in ("checkpoints", "validation_definitions"):
            shutil.copytree(folder / kind, Path(room) / kind)
        (Path(room) / "suites").mkdir()
        for definition in (folder / "validation_definitions").glob("*.json"):
            shutil.copy(folder / "suites" / definition.name, Path(room) / "suites")
        context = gx.get_context(mode="file", context_root_dir=room, runtime_environment={"TARGET_DB_URL": url})
        engine: Any = context.data_sources.get("target").get_execution_engine()
        try:
            _join(engine.engine, moment)
            yield context
        finally:
            engine.close()
            engine.engine.dispose()


def _join(engine: Any, moment: Moment) -> None:
    """Bring every connection of the pool to the moment of the run, also after an error has ended its transaction."""

    def join(connection: Any, *_: object) -> None:
        dates.read_any_date(connection)
        with connection.cursor() as cursor:
            moment.join(cursor.execute)

    engine.dispose()  # of what Great Expectations has opened to see that the target answers
    sqlalchemy.event.listen(engine, "connect", join)
    sqlalchemy.event.listen(engine, "handle_error", lambda failed: join(failed.connection.connection.dbapi_connection))


def _check(suite: str, result: Any, table: str) -> Check:
    config = result.expectation_config
    found = result.result or {}
    if config.type in stock.types():
        said = stock.told(config.type, config.kwargs, config.description, table.removeprefix("public."), found)
        finding, problems = ("", ()) if result.success else (said.finding, said.problems)
        outcome = bool(result.success), said.observed, problems, _exception(result.exception_info), finding
        return Check(suite, said.description, _severity(config), *outcome)
    details = found.get("details") or {}
    return Check(
        suite=suite,
        description=config.description or config.type,
        severity=_severity(config),
        passed=bool(result.success),
        observed=str(found.get("observed_value", "")),
        problems=tuple(details.get("problems", ())),
        error=_exception(result.exception_info),
        finding="" if result.success else _finding(config.meta or {}, found.get("observed_value")),
    )


def _severity(config: Any) -> str:
    return str(getattr(config.severity, "value", config.severity))


def _finding(meta: dict[str, Any], observed: object) -> str:
    """What is so instead of what is expected: the last of the sentences is for several, with `{}` for how many."""
    one, *several = meta.get("finding") or [""]
    if not several:
        return str(one)
    if not isinstance(observed, int):  # it could not be counted
        return ""
    return str(one if observed == 1 else several[0].replace("{}", f"{observed:,}"))


def _exception(info: dict[str, Any]) -> str | None:
    """The first exception's message; Great Expectations nests them by metric."""
    if "raised_exception" in info:
        return (str(info.get("exception_message")) or "an exception") if info["raised_exception"] else None
    return next((said for one in info.values() if isinstance(one, dict) and (said := _exception(one))), None)
