"""The migrator that the loader replaces, in its essence: a Python loop with one INSERT and one COMMIT a row.

`python -m benchmarks.row_by_row SOURCE ROWS` fills a new table of the server that POSTGRES_HOST names.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

from loader.source import quote, tables
from loader.target import resolve
from loader.types import PLAIN


def main(source: str, rows: int) -> None:
    """Move the first `rows` rows of ohlcv_data."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reader, closing(resolve().connect()) as writer:
        (table,) = (table for table in tables(reader) if table.name == "ohlcv_data")
        columns = ", ".join(f"{quote(c.name)} {PLAIN.get(c.affinity, 'text')}" for c in table.columns)
        with writer.cursor() as cursor:
            cursor.execute(f"create table moved ({columns})")
            writer.commit()
            insert = f"insert into moved values ({', '.join(['%s'] * len(table.columns))})"
            for row in reader.execute(f"select * from {table.sql_name} limit ?", (rows,)):
                cursor.execute(insert, row)
                writer.commit()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
