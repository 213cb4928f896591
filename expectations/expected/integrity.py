"""Suites keys, aggregates and content: what the target holds makes sense in itself, asked of the data."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Aggregate, Catalog, ForeignKey, TargetTable
from expectations.expected.base import Expected, no_rows
from loader.source import quote

DAILY = "public.ohlcv_data where timeframe = '1d'"
COMPARED = ("open", "high", "low", "close", "volume", "ma5_start", "ma20_end", "rsi_14_end", "trading_days")

DAYS = (
    "select ticker, region, date as day, open, high, low, close, volume, ma5 as ma5_start, ma20 as ma20_end, "
    f"rsi_14 as rsi_14_end, 1 as trading_days from {DAILY}"
)
# Quarters and years are whole months, and the months are held against the days.
MONTHS = (
    "select ticker, region, month::date as day, open, high, low, close, volume, ma5_start, ma20_end, rsi_14_end, "
    "trading_days from public.ohlcv_monthly"
)


def keys(declared: Catalog) -> Iterator[Expected]:
    """Keys unique and not NULL, foreign keys and checks true, whatever the catalog says."""
    for table in declared.tables.values():
        yield from _keys(table)
        if table.stub_where != "false":
            meaning = f"no stub of {table.name} has anything of its own"
            yield Expected("expect_stubs_to_be_bare", meaning, {"table": table.name})
            meaning = f"every stub of {table.name} stands for a child"
            yield Expected("expect_stubs_to_be_needed", meaning, {"table": table.name}, "warning")


def _keys(table: TargetTable) -> Iterator[Expected]:
    key = ", ".join(map(quote, table.key))
    name = f"public.{quote(table.name)}"
    yield no_rows(
        f"no two rows of {table.name} have the same key",
        f"select {key}, count(*) as rows from {name} group by {key} having count(*) > 1",
    )
    yield no_rows(
        f"no key of {table.name} is NULL",
        f"select {key} from {name} where {' or '.join(f'{quote(column)} is null' for column in table.key)}",
    )
    for foreign in table.foreign_keys:
        meaning = f"every {', '.join(foreign.columns)} of {table.name} is in {foreign.table}"
        yield no_rows(meaning, _orphans(name, foreign))
    if table.checks:
        yield no_rows(
            f"every declared check of {table.name} holds",
            f"select {key} from {name} where {' or '.join(f'not ({check})' for check in table.checks.values())}",
        )


def _orphans(name: str, foreign: ForeignKey) -> str:
    columns = ", ".join(map(quote, foreign.columns))
    given = " and ".join(f"{quote(column)} is not null" for column in foreign.columns)
    same = " and ".join(f"p.{quote(there)} = c.{quote(here)}" for there, here in foreign.pairs().items())
    return (
        f"select * from (select distinct {columns} from {name} where {given}) as c "
        f"where not exists (select from public.{quote(foreign.table)} as p where {same})"
    )


def aggregates(declared: Catalog) -> Iterator[Expected]:
    """Each aggregate is filled, up to date, and what the daily rows give when they are summed up again."""
    for aggregate in declared.aggregates.values():
        yield from _aggregate(aggregate)


def _aggregate(aggregate: Aggregate) -> Iterator[Expected]:
    name = f"public.{quote(aggregate.name)}"
    yield no_rows(
        f"{aggregate.name} is not empty",
        f"select min(date) as first_daily_row, max(date) as last_daily_row from {DAILY} "
        f"and not exists (select from {name}) having count(*) > 0",
    )
    yield no_rows(
        f"{aggregate.name} reaches the {aggregate.bucket} of the last daily row",
        f"select latest, wanted from (select max({quote(aggregate.bucket)})::date from {name}) as a (latest), "
        f"(select date_trunc('{aggregate.bucket}', max(date))::date from {DAILY}) "
        "as d (wanted) where latest is distinct from wanted",
    )
    base, meaning = (DAYS, "daily rows") if aggregate.bucket == "month" else (MONTHS, "months")
    yield no_rows(
        f"every bucket of {aggregate.name} is what its {meaning} give", _recomputed(name, aggregate.bucket, base)
    )


def _recomputed(name: str, bucket: str, base: str) -> str:
    """The buckets that differ from a summing up that uses none of TimescaleDB's functions."""
    again = (
        f"with parts as ({base}), "
        f"again as (select ticker, region, date_trunc('{bucket}', day)::date as bucket, "
        "(array_agg(open order by day))[1] as open, max(high) as high, min(low) as low, "
        "(array_agg(close order by day desc))[1] as close, sum(volume) as volume, "
        "(array_agg(ma5_start order by day))[1] as ma5_start, "
        "(array_agg(ma20_end order by day desc))[1] as ma20_end, "
        "(array_agg(rsi_14_end order by day desc))[1] as rsi_14_end, "
        "sum(trading_days) as trading_days from parts group by 1, 2, 3)"
    )
    kept, wanted = (", ".join(f"{side}.{quote(column)}" for column in COMPARED) for side in ("kept", "again"))
    differs = ", ".join(f"case when kept.{quote(c)} is distinct from again.{quote(c)} then '{c}' end" for c in COMPARED)
    return (
        f"{again} select coalesce(again.ticker, kept.ticker) as ticker, coalesce(again.region, kept.region) as region, "
        f"coalesce(again.bucket, kept.{quote(bucket)}::date) as {quote(bucket)}, concat_ws(' ', {differs}) as differs "
        f"from again full join {name} as kept on (kept.ticker, kept.region, kept.{quote(bucket)}::date) = "
        f"(again.ticker, again.region, again.bucket) where ({kept}) is distinct from ({wanted})"
    )


def content(_declared: Catalog) -> Iterator[Expected]:
    """What looks wrong in the data, and may have been so in the source: warnings."""
    row = "select ticker, region, timeframe, date"
    for meaning, query in (
        ("prices are positive", f"{row} from public.ohlcv_data where least(open, high, low, close) <= 0"),
        (
            "no high is below the open, close or low",
            f"{row}, high from public.ohlcv_data where high < greatest(open, close, low)",
        ),
        ("no low is above the open or close", f"{row}, low from public.ohlcv_data where low > least(open, close)"),
        ("no volume is negative", f"{row}, volume from public.ohlcv_data where volume < 0"),
        ("no price is of the future", f"{row} from public.ohlcv_data where date > current_date + 1"),
        (
            "no price is from outside the listing",
            "with spans as materialized (select ticker, region, min(date) as first, max(date) as last "
            "from public.ohlcv_data group by 1, 2) "  # a join of every price would take minutes on compressed chunks
            "select ticker, region, first, last, listing_date, delisting_date from spans "
            "join public.tickers using (ticker, region) where first < listing_date or last > delisting_date",
        ),
        (
            "no daily close is more than three times, or less than a third of, the one before",
            f"select * from (select ticker, region, date, close / nullif(lag(close) over w, 0) as step from {DAILY} "
            "window w as (partition by ticker, region order by date)) as s where step > 3 or step < 1 / 3.0",
        ),
        (
            "no trading stops for more than a month",
            f"select * from (select ticker, region, date, date - lag(date) over w as days from {DAILY} "
            "window w as (partition by ticker, region order by date)) as s where days > 31",
        ),
    ):
        yield no_rows(meaning, query, "warning")
