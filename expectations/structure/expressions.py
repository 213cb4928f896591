"""Whether two texts are the same expression, in PostgreSQL's own words.

PostgreSQL deparses what it is given, so a declared text never equals what the catalog gives back. EXPLAIN VERBOSE
writes both in one way: it parses, plans and prints, and runs nothing. It works on a hot standby and for a role that
may only read, where a scratch table could not be made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg2
import psycopg2.extensions
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

from loader.source import quote


def normalised(
    connection: psycopg2.extensions.connection, columns: Mapping[str, str], expressions: Sequence[str]
) -> list[str]:
    """Each expression as PostgreSQL prints it; one that it refuses as the refusal, which equals no expression.

    `columns` are the names and types that the expressions may name; no table is read, so no right to one is needed.
    The planner works out functions that it holds immutable, so an expression that relies on somebody's own function
    must not come here.
    """
    if not expressions:
        return []
    listed = ", ".join(f"({one})" for one in expressions)
    try:
        found = _explained(connection, f"select {listed} from {_row(columns)}")
    except (psycopg2.ProgrammingError, psycopg2.DataError) as error:
        if len(expressions) == 1:
            return [f"refused: {expressions[0]}: {str(error).splitlines()[0]}"]
        return [text for one in expressions for text in normalised(connection, columns, [one])]
    return [str(output) for output in found["Output"]]


def plan(connection: psycopg2.extensions.connection, query: str, base: str, columns: Mapping[str, str]) -> object:
    """What PostgreSQL makes of a query that reads nothing but `base`: equal for two texts of one meaning.

    A row of those columns stands for the table: TimescaleDB leaves out of a hypertable's plan every condition that its
    chunks of today meet, and statistics change a plan.
    """
    rows = f"with {quote(base)} as (select * from {_row(columns)})"
    return _explained(connection, f"{rows} select * from (\n{query}\n) as _")


def _explained(connection: psycopg2.extensions.connection, query: str) -> Any:
    """The plan; a query that is refused does not break off the transaction that the session may be in."""
    inside = connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
    with connection.cursor() as cursor:
        if inside:
            cursor.execute("savepoint asked")
        try:
            cursor.execute(f"explain (verbose, costs off, format json) {query}")
            ((found,),) = cursor.fetchall()
        except psycopg2.Error:
            if inside:
                cursor.execute("rollback to savepoint asked")
            raise
    return found[0]["Plan"]


def _row(columns: Mapping[str, str]) -> str:
    return f"json_to_record('{{}}') as _ ({', '.join(f'{quote(name)} {kind}' for name, kind in columns.items())})"
