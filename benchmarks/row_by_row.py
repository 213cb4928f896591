"""The migrator that the loader replaces, in its essence: pages by LIMIT and OFFSET, one upsert and one COMMIT a row.

`python -m benchmarks.row_by_row SOURCE ROWS` fills a new table of the server that POSTGRES_HOST names.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

from loader.source import quote, tables
from loader.types import PLAIN
from quant.target import resolve

PAGE = 1_000
KEY = ("ticker", "region", "timeframe", "date")


def main(source: str, rows: int) -> None:
    """Move `rows` rows of ohlcv_data, in pages from all over it: a page costs what lies before it."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reader, closing(resolve().connect()) as writer:
        (table,) = (table for table in tables(reader) if table.name == "ohlcv_data")
        columns = ", ".join(f"{quote(c.name)} {PLAIN.get(c.affinity, 'text')}" for c in table.columns)
        region = [column.name for column in table.columns].index("region")
        (total,) = reader.execute(table.count).fetchone()
        with writer.cursor() as cursor:
            cursor.execute(f"create table moved ({columns}, primary key ({', '.join(KEY)}))")
            writer.commit()
            insert = f"insert into moved values ({', '.join(['%s'] * len(table.columns))}) on conflict do nothing"
            for offset in range(0, total, total * PAGE // rows):
                page = f"select * from {table.scan} limit {PAGE} offset {offset}"
                for row in reader.execute(page).fetchall():
                    cursor.execute(insert, (*row[:region], row[region] or "US", *row[region + 1 :]))
                    writer.commit()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
