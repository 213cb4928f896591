"""`python -m benchmarks.reading FILE`: read each table of the source, of raw and of public once.

The floor of a verdict, which has to see every value: the same drivers, both databases at a time, and nothing done with
what they give.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import adbc_driver_sqlite.dbapi as sqlite

from expectations.parity import target as arrow
from expectations.parity.source import WINDOW
from loader.source import quote
from quant.target import resolve

TABLES = """
    select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('raw', 'public')
"""


def read_source(file: Path) -> int:
    """Every row of the file, a window at a time so that the driver meets no other type; returns how many."""
    rows = 0
    with sqlite.connect(f"file:{file}?mode=ro") as connection, connection.cursor() as cursor:
        cursor.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'")
        for (name,) in cursor.fetchall():
            last = -(1 << 62)
            while True:
                window = f"where rowid > {last} order by rowid limit {WINDOW}"
                with connection.cursor() as reader:
                    reader.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(1 << 30)})
                    reader.execute(f"select rowid, * from {quote(name)} {window}")
                    read = reader.fetch_arrow_table()
                rows += len(read)
                if len(read) < WINDOW:
                    break
                last = read.column(0)[-1].as_py()
    return rows


def read_target() -> int:
    """Every row of raw and of public, with the scores where there are any; returns how many."""
    rows = 0
    with arrow.connect(resolve("server")) as connection:
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            names = cursor.fetchall()
        for schema, table in names:
            with connection.cursor() as cursor:
                cursor.execute(f"select * from {arrow.relation(schema, table)}")
                for batch in cursor.fetch_record_batch():
                    rows += len(batch)
    return rows


def main() -> None:
    """Read all, and say how many rows there were."""
    with ThreadPoolExecutor(1) as pool:
        source = pool.submit(read_source, Path(sys.argv[1]))
        print(f"{read_target():,} rows of the target, {source.result():,} of the source")


if __name__ == "__main__":
    main()
