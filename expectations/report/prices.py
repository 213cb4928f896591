"""How far the daily prices reach, by year and region, and how many of them belong to stubs.

The yearly aggregate knows both: reading every price would take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from expectations.catalog import Catalog
from expectations.report.facts import Coverage, StubPrices

Rows = Callable[..., list[tuple[Any, ...]]]
YEARLY = "public.ohlcv_yearly"
COVERAGE = """
    select
        region, extract(year from year)::int, count(*),
        sum(trading_days)::float8 / nullif(count(*) * max(trading_days), 0)
    from public.ohlcv_yearly
    where isfinite(year)
    group by 1, 2
    order by 1, 2
"""
ON_STUBS = """
    select
        coalesce(sum(y.trading_days), 0)::bigint,
        coalesce(sum(y.trading_days) filter (where s.ticker is not null), 0)::bigint,
        count(distinct (s.ticker, s.region)) filter (where s.ticker is not null)
    from public.ohlcv_yearly as y
    left join (select ticker, region from public.tickers where {stub}) as s using (ticker, region)
"""


def coverage(rows: Rows) -> Iterator[Coverage]:
    """Tickers, and the share of the region's trading days that they have, by region and year."""
    for region, year, tickers, share in rows(COVERAGE):
        yield Coverage(region, year, tickers, share or 0.0)


def on_stubs(rows: Rows, catalog: Catalog) -> StubPrices:
    """How many daily prices belong to tickers that the source does not have."""
    return StubPrices(*rows(ON_STUBS.format(stub=catalog.tables["tickers"].stub_where))[0])
