"""Read a relation of the target into Arrow batches, in whatever order PostgreSQL gives the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from loader.source import quote
from quant.errors import UserError, in_one_line
from quant.server.watch import awaited
from quant.target import CHECKPOINT, Target

BATCH_BYTES = 4 << 20


def connect(target: Target) -> adbc.Connection:
    """A connection in autocommit."""
    return adbc.connect(target.uri(CHECKPOINT), autocommit=True)


def relation(schema: str, table: str) -> str:
    """The quoted name."""
    return f"{quote(schema)}.{quote(table)}"


def batches(
    connection: adbc.Connection, name: str, columns: Sequence[str], last: str = "", where: str = "true"
) -> Iterator[pa.RecordBatch]:
    """Rows of a relation, as a stream of batches with the columns in the given order.

    Args:
        connection: the target.
        name: the relation.
        columns: their names.
        last: SQL of one more column.
        where: SQL of which rows, all unless told.

    Raises:
        UserError: when the server fails amid the rows, which Arrow knows as an OSError only.
    """
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
        with awaited():
            cursor.execute(
                f"select {', '.join([*map(quote, columns), *filter(None, [last])])} from {name} where {where}"
            )
            reader = cursor.fetch_record_batch()
        try:
            while True:
                with awaited():
                    batch = next(reader, None)
                if batch is None:
                    return
                yield batch
        except OSError as error:
            raise UserError(
                f"The target failed while {name} was read: {in_one_line(error)}. See that it is up, and run again."
            ) from error


def schema(connection: adbc.Connection, name: str) -> pa.Schema:
    """The Arrow types that the columns of a relation arrive in."""
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {name} limit 0")
        return cursor.fetch_record_batch().schema
