"""Suites keys and content: what the target holds makes sense in itself, asked of the data."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog, ForeignKey, TargetTable
from expectations.expected.base import Expected, no_rows
from loader.source import quote

DAILY = "public.ohlcv_data where timeframe = '1d'"
# Months are looked at first, for to sort all days takes ten times as long as to group them. Whatever lies between a day
# and the next one lies in one month or between two that follow each other.
MONTH = "date_trunc('month', date::timestamp)"
STEPS = (
    f"with months as (select ticker, region, {MONTH} as month, min(close) as least, max(close) as most from {DAILY} "
    "group by 1, 2, 3), neighbours as (select ticker, region, min(least) over w as least, max(most) over w as most "
    "from months window w as (partition by ticker, region order by month rows 1 preceding)), wild as materialized "
    # a little less than three, for a quotient is rounded; what is no number, or not above zero, is wild too
    "(select distinct ticker, region from neighbours where most >= 2.9 * least) "
    "select * from (select ticker, region, date, close / nullif(lag(close) over w, 0) as step "
    # a set in an expression is looked into, and not joined: a join may unpack a chunk for each ticker
    f"from {DAILY} and coalesce((ticker, region) in (select ticker, region from wild), false) "
    "window w as (partition by ticker, region order by date)) as s where step > 3 or step < 1 / 3.0"
)
GAPS = (
    "select ticker, region, first as date, first - before as days from (select ticker, region, first, lag(last) over "
    "(partition by ticker, region order by first) as before from (select ticker, region, min(date) as first, "
    f"max(date) as last from {DAILY} and isfinite(date) group by ticker, region, {MONTH}) as months) as s "
    "where first - before > 31"
)


def keys(declared: Catalog) -> Iterator[Expected]:
    """Keys unique and not NULL, foreign keys and checks true, whatever the catalog says."""
    for table in declared.tables.values():
        yield from _keys(table)
        if table.stub_where != "false":
            meaning = f"no stub of {table.name} has anything of its own"
            finding = f"stubs of {table.name} have something of their own"
            yield Expected("expect_stubs_to_be_bare", meaning, (finding,), {"table": table.name})
            meaning = f"every stub of {table.name} stands for a child"
            finding = f"stubs of {table.name} stand for no child"
            yield Expected("expect_stubs_to_be_needed", meaning, (finding,), {"table": table.name})


def _keys(table: TargetTable) -> Iterator[Expected]:
    key = ", ".join(map(quote, table.key))
    name = f"public.{quote(table.name)}"
    yield Expected(
        "expect_keys_to_be_unique",
        f"no two rows of {table.name} have the same key",
        (f"one key of {table.name} has more than one row", f"{{}} keys of {table.name} have more than one row"),
        {
            "table": table.name,
            "query": f"select {key}, count(*) as rows from {name} group by {key} having count(*) > 1",
        },
    )
    yield no_rows(
        f"no key of {table.name} is NULL",
        (f"one row of {table.name} has NULL in its key", f"{{}} rows of {table.name} have NULL in their keys"),
        f"select {key} from {name} where {' or '.join(f'{quote(column)} is null' for column in table.key)}",
    )
    for foreign in table.foreign_keys:
        columns = ", ".join(foreign.columns)
        finding = (
            f"one {columns} of {table.name} is not in {foreign.table}",
            f"{{}} different {columns} of {table.name} are not in {foreign.table}",
        )
        meaning = f"every {columns} of {table.name} is in {foreign.table}"
        yield no_rows(meaning, finding, _orphans(name, foreign))
    if table.checks:
        yield no_rows(
            f"every declared check of {table.name} holds",
            (f"one row of {table.name} breaks a declared check", f"{{}} rows of {table.name} break declared checks"),
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


def content(_declared: Catalog) -> Iterator[Expected]:
    """What looks wrong in the data, and may have been so in the source: warnings."""
    row = "select ticker, region, timeframe, date"
    for meaning, one, many, query in (
        (
            "prices are positive",
            "one day has a price of zero or less",
            "{} days have prices of zero or less",
            f"{row} from public.ohlcv_data where open <= 0 or high <= 0 or low <= 0 or close <= 0",
        ),
        (
            "no high is below the open, close or low",
            "one high is below the open, close or low",
            "{} highs are below the open, close or low",
            f"{row}, high from public.ohlcv_data where high < greatest(open, close, low)",
        ),
        (
            "no low is above the open or close",
            "one low is above the open or close",
            "{} lows are above the open or close",
            f"{row}, low from public.ohlcv_data where low > least(open, close)",
        ),
        (
            "no volume is negative",
            "one volume is negative",
            "{} volumes are negative",
            f"{row}, volume from public.ohlcv_data where volume < 0",
        ),
        (
            "no price is of the future",
            "one price is of the future",
            "{} prices are of the future",
            f"{row} from public.ohlcv_data where date > current_date + 1",
        ),
        (
            "no price is from outside the listing",
            "one ticker has prices outside its listing",
            "{} tickers have prices outside their listing",
            "with spans as materialized (select ticker, region, min(date) as first, max(date) as last "
            "from public.ohlcv_data group by 1, 2) "  # a join of every price would take minutes on compressed chunks
            "select ticker, region, first, last, listing_date, delisting_date from spans "
            "join public.tickers using (ticker, region) where first < listing_date or last > delisting_date",
        ),
        (
            "no daily close is more than three times, or less than a third of, the one before",
            "one daily close is more than three times, or less than a third of, the one before",
            "{} daily closes are more than three times, or less than a third of, the ones before",
            STEPS,
        ),
        (
            "no trading stops for more than a month",
            "trading stops for more than a month once",
            "trading stops for more than a month {} times",
            GAPS,
        ),
    ):
        yield no_rows(meaning, (one, many), query, "warning")
