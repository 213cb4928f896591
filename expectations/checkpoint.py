"""Run a checkpoint through Great Expectations and make a verdict of what it says.

Great Expectations passes when it should not: it drops an expectation whose type it does not know, and
turns a database that is down into failures of each expectation. So what was evaluated is held against
what is declared, and an exception is never an answer. Importing it takes seconds: only this module does.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    import psycopg2.extensions
    import sqlalchemy
    from great_expectations.data_context.data_context.file_data_context import FileDataContext

    from expectations import (
        custom,  # noqa: F401  registers our own expectations
        custom_books,  # noqa: F401  registers those about the books
        declared,  # noqa: F401  registers those about the schema
        docs_site,
        scored,  # noqa: F401  registers those about factors
    )

from expectations.moment import NOW, Moment
from expectations.parity import dates
from expectations.preflight import Declared
from expectations.verdict import Check
from quant.errors import UserError
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
        for definition in context.checkpoints.get(declared.name).validation_definitions:
            if definition.name not in suites:
                continue
            result = definition.run(result_format="COMPLETE")
            evaluated = result.statistics["evaluated_expectations"]
            if not evaluated == len(result.results) == declared.suites[definition.name] > 0:
                raise UserError(
                    f"Of the {declared.suites[definition.name]} expectations of the suite {definition.name} only "
                    f"{evaluated} were evaluated: a type in expectations/suites/{definition.name}.json is not known. "
                    "Run `python -m expectations.suites` to write the suites anew."
                )
            yield from (_check(definition.name, one) for one in result.results)
        if data_docs:
            docs_site.build(context, data_docs)


@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def _watch(made: object, _: object) -> None:
    """Have the connections of Great Expectations watched, too."""
    if isinstance(made, psycopg2.extensions.connection):
        watch.register(made)


@contextmanager
def _context(target: Target, folder: Path, moment: Moment) -> Iterator[FileDataContext]:
    """The file context, with its connection closed at the end whatever happens."""
    url = target.url(CHECKPOINT).render_as_string(hide_password=False)
    context = gx.get_context(mode="file", context_root_dir=folder, runtime_environment={"TARGET_DB_URL": url})
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


def _check(suite: str, result: Any) -> Check:
    config = result.expectation_config
    found = result.result or {}
    details = found.get("details") or {}
    return Check(
        suite=suite,
        description=config.description or config.type,
        severity=str(getattr(config.severity, "value", config.severity)),
        passed=bool(result.success),
        observed=str(found.get("observed_value", "")),
        problems=tuple(details.get("problems", ())),
        error=_exception(result.exception_info),
        finding="" if result.success else _finding(config.meta or {}, found.get("observed_value")),
    )


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
