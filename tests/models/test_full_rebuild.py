"""A full rebuild beside many rows that are not the source's: none of them is looked for among all others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.support.dbt_ground import SCHEMA, STAMP
from tests.support.places import Place
from tests.support.sources import write

DAYS, TICKERS = 1500, 80
ROWS = f"""
    with recursive days (day) as (select 0 union all select day + 1 from days where day < {DAYS - 1}),
    tickers (number) as (select 0 union all select number + 1 from tickers where number < {TICKERS - 1})
    insert into ohlcv_data
    select null, 'T' || number, 'D', date('now', '-' || day || ' days'), 'US', 9.0, 12.0, 8.0, 10.0, 100, 0.5, '{STAMP}'
    from days cross join tickers order by day, number
"""
# after the server's statistics of the table, so that these expect none of them
WRITTEN = f"""
    insert into ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume)
    select 'T' || number, 'US', timeframe, current_date - day, 9, 12, 8, 10, 100
    from unnest(array['1w', '1m']) as timeframe, generate_series(1, 40) as day,
        generate_series(0, {TICKERS - 1}) as number
"""


def test_rows_of_applications_are_not_each_looked_for_among_all(
    make_place: Callable[[str], AbstractContextManager[Place]], tmp_path: Path
) -> None:
    path = write(tmp_path / "many.db", *SCHEMA, ROWS)
    with make_place("server") as place:
        place.run("python", "-m", "loader.run", "--source", str(path))
        place.run("dbt", "run")
        place.query("analyze ohlcv_data")
        place.query(WRITTEN)
        # a statement takes a second, and one that reads all for each row takes minutes
        place.query(f"alter database \"{place.target.database}\" set statement_timeout = '20s'")
        place.run("dbt", "run", "--full-refresh", "--select", "ohlcv_data")
        [(written, rows)] = place.query("select count(*) filter (where source_rowid is null), count(*) from ohlcv_data")
        assert (written, rows) == (80 * TICKERS, (80 + DAYS) * TICKERS)
