"""Whether two texts are the same expression, in PostgreSQL's own words.

PostgreSQL deparses what it is given, so a declared text never equals what the catalog gives back. EXPLAIN VERBOSE
writes both in one way: it parses, plans and prints, and runs nothing. It works on a hot standby and for a role that
may only read, where a scratch table could not be made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg2
import psycopg2.extensions

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
    statement = (
        f"explain (verbose, costs off, format json) select {', '.join(f'({one})' for one in expressions)} "
        f"from {_row(columns)}"
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            ((plan,),) = cursor.fetchall()
    except (psycopg2.ProgrammingError, psycopg2.DataError) as error:
        if len(expressions) == 1:
            return [f"refused: {expressions[0]}: {str(error).splitlines()[0]}"]
        return [text for one in expressions for text in normalised(connection, columns, [one])]
    return [str(output) for output in plan[0]["Plan"]["Output"]]


def plan(connection: psycopg2.extensions.connection, query: str, base: str, columns: Mapping[str, str]) -> object:
    """What PostgreSQL makes of a query that reads nothing but `base`: equal for two texts of one meaning.

    A row of those columns stands for the table: TimescaleDB leaves out of a hypertable's plan every condition that its
    chunks of today meet, and statistics change a plan.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"explain (verbose, costs off, format json) with {quote(base)} as (select * from {_row(columns)}) "
            f"select * from (\n{query}\n) as _"
        )
        ((found,),) = cursor.fetchall()
    return found


def _row(columns: Mapping[str, str]) -> str:
    return f"json_to_record('{{}}') as _ ({', '.join(f'{quote(name)} {kind}' for name, kind in columns.items())})"
