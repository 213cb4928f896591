"""A second session at the moment of a run, in which is asked what depends on nothing that the run finds out.

While values are compared the server has a core to spare. Where the target has one session, or where nothing is compared
and queries may be measured, there is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
import psycopg2.extensions

from expectations.moment import Moment
from expectations.parity import dates
from expectations.parity.result import SAMPLES
from quant.target import CHECKPOINT, Target

SUITES = Path(__file__).resolve().parent / "suites"
NO_ROWS = "expect_no_rows"
Row = Mapping[str, Any]
T = TypeVar("T")
Ask = Callable[[psycopg2.extensions.connection], Any]


class Beside:
    """Asks in its own thread, in the order in which it is told to."""

    def __init__(self, connection: psycopg2.extensions.connection, moment: Moment, thread: ThreadPoolExecutor) -> None:
        self._connection, self._moment, self._thread = connection, moment, thread
        self._asked: dict[str, Future[Any]] = {}

    def submit(self, ask: Callable[[psycopg2.extensions.connection], T]) -> Future[T]:
        """Have it ask when it has asked all else."""
        return self._thread.submit(ask, self._connection)

    def ask_ahead(self, questions: Mapping[str, Ask]) -> None:
        """Have it ask what will be wanted by these names."""
        for name, ask in questions.items():
            self._asked[name] = self._thread.submit(self._answer, ask)

    def answer(self, name: str) -> Any:
        """What was asked ahead has found; None for what it has not begun to ask and for what failed: ask again."""
        asked = self._asked.pop(name, None)
        if asked is None or asked.cancel():
            return None
        try:
            return asked.result()
        except psycopg2.Error:
            return None

    def end(self) -> None:
        """Have it ask nothing more, and break off what it asks."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        with suppress(psycopg2.Error):  # a server that is gone has nothing to break off
            self._connection.cancel()

    def _answer(self, ask: Callable[[psycopg2.extensions.connection], T]) -> T:
        try:
            return ask(self._connection)
        except psycopg2.Error:
            with self._connection.cursor() as cursor:
                self._moment.join(cursor.execute)
            raise


def of_suites(suites: Collection[str]) -> dict[str, Ask]:
    """What the generated suites' `expect_no_rows` will ask, by the statement."""
    statements = []
    for name in suites:
        document = json.loads((SUITES / f"{name}.json").read_text(encoding="utf-8"))
        found = (one["kwargs"] for one in document["expectations"] if one.get("type") == NO_ROWS)
        statements += [looked_for(kwargs["query"]) for kwargs in found]
    return {statement: partial(_rows, statement) for statement in statements}


def _rows(statement: str, connection: psycopg2.extensions.connection) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def looked_for(query: str) -> str:
    """What finds some of a query's rows, and how many there are."""
    return f"select count(*) over () as total_, found.* from ({query}) as found limit {SAMPLES}"


@contextmanager
def beside(target: Target, moment: Moment) -> Iterator[Beside]:
    """Open the session, and end it with the block."""
    with closing(target.connect(CHECKPOINT)) as connection, ThreadPoolExecutor(1) as thread:
        connection.autocommit = True
        dates.read_any_date(connection)
        with connection.cursor() as cursor:
            moment.join(cursor.execute)
        made = Beside(connection, moment, thread)
        try:
            yield made
        finally:
            made.end()
