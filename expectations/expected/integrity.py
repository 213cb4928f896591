"""Suites keys, aggregates and content: what the target holds makes sense in itself, asked of the data."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Aggregate, Catalog, ForeignKey, TargetTable
from expectations.expected.base import Expected, literal, no_rows
from loader.source import quote

DAILY = "public.ohlcv_data where timeframe = '1d'"
COMPARED = ("open", "high", "low", "close", "volume", "ma5_start", "ma20_end", "rsi_14_end", "trading_days")

# Sums of doubles depend on the order of the rows, and a cast to numeric alone would round to 15 digits.
VOLUME = "case when pg_typeof(volume) = 'bigint'::regtype then volume::numeric else volume::text::numeric end"
DAYS = (
    f"select ticker, region, date as day, open, high, low, close, {VOLUME} as volume, ma5 as ma5_start, "
    f"ma20 as ma20_end, rsi_14 as rsi_14_end, 1 as trading_days from {DAILY}"
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
            finding = f"stubs of {table.name} have something of their own"
            yield Expected("expect_stubs_to_be_bare", meaning, (finding,), {"table": table.name})
            meaning = f"every stub of {table.name} stands for a child"
            finding = f"stubs of {table.name} stand for no child"
            yield Expected("expect_stubs_to_be_needed", meaning, (finding,), {"table": table.name})


def _keys(table: TargetTable) -> Iterator[Expected]:
    key = ", ".join(map(quote, table.key))
    name = f"public.{quote(table.name)}"
    yield no_rows(
        f"no two rows of {table.name} have the same key",
        (f"one key of {table.name} has more than one row", f"{{}} keys of {table.name} have more than one row"),
        f"select {key}, count(*) as rows from {name} group by {key} having count(*) > 1",
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


def aggregates(declared: Catalog) -> Iterator[Expected]:
    """Each aggregate is filled, up to date, and what the daily rows give when they are summed up again."""
    for aggregate in declared.aggregates.values():
        yield from _aggregate(aggregate)


def _aggregate(aggregate: Aggregate) -> Iterator[Expected]:
    name = f"public.{quote(aggregate.name)}"
    yield no_rows(
        f"{aggregate.name} is not empty",
        (f"{aggregate.name} is empty, and there are daily rows",),
        f"select min(date) as first_daily_row, max(date) as last_daily_row from {DAILY} "
        f"and not exists (select from {name}) having count(*) > 0",
    )
    yield no_rows(
        f"{aggregate.name} reaches the {aggregate.bucket} of the last daily row",
        (f"{aggregate.name} does not end with the {aggregate.bucket} of the last daily row",),
        f"select latest, wanted from (select max({quote(aggregate.bucket)})::date from {name}) as a (latest), "
        f"(select date_trunc('{aggregate.bucket}', max(date))::date from {DAILY}) "
        "as d (wanted) where latest is distinct from wanted",
    )
    yield no_rows(
        f"{aggregate.name} stores no {aggregate.bucket} that is not over",
        (f"{aggregate.name} stores a {aggregate.bucket} that is not over",),
        "select timestamp 'epoch' + least(watermark / 1000000, 253402300799) * interval '1 second' as stored_until "
        f"from {_bookkeeping(aggregate)} join _timescaledb_catalog.continuous_aggs_watermark using (mat_hypertable_id) "
        f"where watermark > extract(epoch from date_trunc('{aggregate.bucket}', current_date)) * 1000000",
    )
    base, meaning = (DAYS, "daily rows") if aggregate.base == "ohlcv_data" else (MONTHS, "months")
    yield no_rows(
        f"every bucket of {aggregate.name} is what its {meaning} give",
        (
            f"one bucket of {aggregate.name} is not what its {meaning} give",
            f"{{}} buckets of {aggregate.name} are not what their {meaning} give",
        ),
        f"{_recomputed(aggregate, base)} where not {_waits(aggregate)}",
    )
    yield no_rows(
        f"no bucket of {aggregate.name} waits for its refresh",
        (
            f"one bucket of {aggregate.name} waits for its refresh",
            f"{{}} buckets of {aggregate.name} wait for their refresh",
        ),
        f"{_recomputed(aggregate, base)} where exists (select from {_changes(aggregate)}) and {_waits(aggregate)}",
        "warning",
    )


def _recomputed(aggregate: Aggregate, base: str) -> str:
    """The buckets that differ from a summing up that uses none of TimescaleDB's functions, as `differing`.

    A bucket of days that retention has taken is history. It begins before the oldest chunk, and has more of them.
    """
    bucket, of_days = aggregate.bucket, aggregate.base == "ohlcv_data"
    again = (
        f"with parts as ({base}), "
        f"again as (select ticker, region, date_trunc('{bucket}', day)::date as bucket, "
        "(array_agg(open order by day))[1] as open, max(high) as high, min(low) as low, "
        "(array_agg(close order by day desc))[1] as close, sum(volume) as volume, "
        "(array_agg(ma5_start order by day))[1] as ma5_start, "
        "(array_agg(ma20_end order by day desc))[1] as ma20_end, "
        "(array_agg(rsi_14_end order by day desc))[1] as rsi_14_end, "
        "sum(trading_days) as trading_days from parts group by 1, 2, 3), "
        "begin as (select min(range_start at time zone 'UTC')::date as day from timescaledb_information.chunks "
        f"where hypertable_schema = 'public' and hypertable_name = {literal(aggregate.base)})"
    )
    history = (
        f"(kept.{quote(bucket)} < (select day from begin) and kept.trading_days > coalesce(again.trading_days, 0))"
        if of_days
        else "false"
    )
    kept, wanted = (", ".join(f"{side}.{quote(column)}" for column in COMPARED) for side in ("kept", "again"))
    differs = ", ".join(f"case when kept.{quote(c)} is distinct from again.{quote(c)} then '{c}' end" for c in COMPARED)
    return (
        f"{again}, differing as (select coalesce(again.ticker, kept.ticker) as ticker, "
        f"coalesce(again.region, kept.region) as region, "
        f"coalesce(again.bucket, kept.{quote(bucket)}::date) as {quote(bucket)}, concat_ws(' ', {differs}) as differs "
        f"from again full join public.{quote(aggregate.name)} as kept "
        f"on (kept.ticker, kept.region, kept.{quote(bucket)}::date) = (again.ticker, again.region, again.bucket) "
        f"where ({kept}) is distinct from ({wanted}) and {history} is not true) select * from differing"
    )


def _waits(aggregate: Aggregate) -> str:
    """Whether a stored bucket was changed since: TimescaleDB's logs name its time, or end on its first day (10296)."""
    step = {"quarter": "3 months"}.get(aggregate.bucket, f"1 {aggregate.bucket}")
    after, before = (
        f"extract(epoch from {quote(aggregate.bucket)} {shift} interval '{step}') * 1000000" for shift in "+-"
    )
    stored = f"extract(epoch from {quote(aggregate.bucket)}) * 1000000 < watermark"
    return f"exists (select from {_changes(aggregate)} and {stored} and lowest < {after} and greatest >= {before})"


def _changes(aggregate: Aggregate) -> str:
    """Changes of what is stored, in microseconds, each with the watermark."""
    log = "_timescaledb_catalog.continuous_aggs_{}_invalidation_log"
    span = "select lowest_modified_value as lowest, greatest_modified_value as greatest from"
    return (
        f"{_bookkeeping(aggregate)} join _timescaledb_catalog.continuous_aggs_watermark using (mat_hypertable_id) "
        f"cross join lateral ({span} {log.format('hypertable')} where hypertable_id = raw_hypertable_id "
        f"union all {span} {log.format('materialization')} where materialization_id = mat_hypertable_id) as changed "
        "where lowest < watermark"
    )


def _bookkeeping(aggregate: Aggregate) -> str:
    return (
        "(select mat_hypertable_id, raw_hypertable_id from _timescaledb_catalog.continuous_agg "
        f"where user_view_schema = 'public' and user_view_name = {literal(aggregate.name)}) as aggregate"
    )


def content(_declared: Catalog) -> Iterator[Expected]:
    """What looks wrong in the data, and may have been so in the source: warnings."""
    row = "select ticker, region, timeframe, date"
    for meaning, one, many, query in (
        (
            "prices are positive",
            "one day has a price of zero or less",
            "{} days have prices of zero or less",
            f"{row} from public.ohlcv_data where least(open, high, low, close) <= 0",
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
            f"select * from (select ticker, region, date, close / nullif(lag(close) over w, 0) as step from {DAILY} "
            "window w as (partition by ticker, region order by date)) as s where step > 3 or step < 1 / 3.0",
        ),
        (
            "no trading stops for more than a month",
            "trading stops for more than a month once",
            "trading stops for more than a month {} times",
            f"select * from (select ticker, region, date, date - lag(date) over w as days from {DAILY} "
            "window w as (partition by ticker, region order by date)) as s where days > 31",
        ),
    ):
        yield no_rows(meaning, (one, many), query, "warning")
