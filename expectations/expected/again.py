"""An aggregate worked out again, with none of TimescaleDB's functions.

Bars of prices have a definition of their own here, that knows nothing of their models. Whatever else somebody
aggregates is held against the SQL of its model, in which PostgreSQL's own functions stand for TimescaleDB's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import jinja2

from expectations.catalog import Aggregate, Catalog
from expectations.expected.buckets import begin
from loader.source import quote
from quant.errors import UserError
from quant.text import literal

PRICES = "ohlcv_data"
DAILY = f"public.{PRICES} where timeframe = '1d'"
# Sums of doubles depend on the order of the rows, and a cast to numeric alone would round to 15 digits.
SUMMED = (
    "coalesce(sum({0}) filter (where pg_typeof({0}) = 'bigint'::regtype)::numeric, "
    "sum({0}::text::numeric) filter (where pg_typeof({0}) <> 'bigint'::regtype))"
)
# A bar is what its first and last row say, and what all of them give. Arrays are ordered by their first value: the day.
DAY = "case when isfinite(day) then day - date '2000-01-01' end"
PARTS = {
    "first": f"min(array[{DAY}, open, ma5_start])",
    "last": f"max(array[{DAY}, close, ma20_end, rsi_14_end])",
    "high": "max(high)",
    "low": "min(low)",
    "volume": SUMMED.format("volume"),
    "trading_days": "sum(trading_days)",
}
BAR = {
    "open": "first[2]",
    "high": "high",
    "low": "low",
    "close": "last[2]",
    "volume": "volume",
    "ma5_start": "first[3]",
    "ma20_end": "last[3]",
    "rsi_14_end": "last[4]",
    "trading_days": "trading_days",
}
DAYS = (
    "select ticker, region, date as day, open, high, low, close, volume, "
    f"ma5 as ma5_start, ma20 as ma20_end, rsi_14 as rsi_14_end, 1 as trading_days from {DAILY}"
)
BUCKETS = (
    "select ticker, region, {0}::date as day, open, high, low, close, volume, ma5_start, ma20_end, rsi_14_end, "
    "trading_days from public.{1}"
)
OURS = "timescaledb_."  # what stands for the schema of TimescaleDB's functions until they are replaced
FIRST = re.compile(rf"{re.escape(OURS)}(first|last)\(\s*([^(),]+?)\s*,\s*([^(),]+?)\s*\)", re.I)
BUCKET = re.compile(rf"{re.escape(OURS)}time_bucket\(\s*(?:interval\s*)?'([^']+)'\s*,\s*([^(),]+?)\s*\)", re.I)
GROUPED = re.compile(r"\bgroup\s+by\b(?!.*\bgroup\s+by\b)(.*)", re.I | re.S)


@dataclass(frozen=True)
class Again:
    """SQL of an aggregate's rows, what to call the rows that it is made from, and what identifies a bucket.

    `rows` is where those rows are, to which a condition may be added with `and`, and `day` their day. `history` is the
    condition on `kept` and `again` that a bucket is older than what retention has left.
    """

    sql: str
    key: tuple[str, ...]
    parts: str
    row: str
    rows: str
    day: str
    history: str


def worked_out(aggregate: Aggregate, declared: Catalog) -> Again:
    """An aggregate by the definition of bars if it is one, else by its model."""
    return bars(aggregate, declared) or own(aggregate)


def bars(aggregate: Aggregate, declared: Catalog) -> Again | None:
    """Prices by ticker and region, from days or from other bars; None for an aggregate of anything else.

    A bucket of days that retention has taken is history. It begins before the oldest chunk, and has more of them.
    """
    key, base = ("ticker", "region"), declared.aggregates.get(aggregate.base)
    if {*aggregate.columns} != {*key, aggregate.bucket, *BAR}:
        return None
    if (base is None and aggregate.base != PRICES) or (base is not None and not bars(base, declared)):
        return None
    parts = BUCKETS.format(quote(base.bucket), quote(base.name)) if base else DAYS
    summed, columns = (", ".join(f"{sql} as {name}" for name, sql in made.items()) for made in (PARTS, BAR))
    bucket = quote(aggregate.bucket)
    oldest = (
        "(select min(range_start at time zone 'UTC')::date from timescaledb_information.chunks "
        f"where hypertable_schema = 'public' and hypertable_name = {literal(aggregate.base)})"
    )
    older = f"kept.{bucket} < {oldest} and kept.trading_days > coalesce(again.trading_days, 0)"
    return Again(
        f"select ticker, region, {bucket}, {columns} from (select ticker, region, {begin(aggregate.width, 'day')} "
        f"as {bucket}, {summed} from ({parts}) as parts group by 1, 2, 3) as bars",
        key,
        f"{base.bucket}s" if base else "daily rows",
        "daily row",
        DAILY,
        "date",
        "false" if base else older,
    )


def own(aggregate: Aggregate) -> Again:
    """What the SQL of the model gives when PostgreSQL alone runs it.

    Raises:
        UserError: when it asks for something that has no counterpart here.
    """
    sql = _rendered(aggregate)
    grouped = GROUPED.search(sql)
    key = [name for name in aggregate.columns if grouped and re.search(rf"\b{re.escape(name)}\b", grouped[1])]
    sql = FIRST.sub(_first, BUCKET.sub(lambda found: f"({begin(found[1], found[2])})", sql))
    if OURS in sql:
        function = sql.split(OURS)[1].split("(")[0]
        raise UserError(
            f"The model {aggregate.name} calls TimescaleDB's {function}, which the verdict cannot work out by itself: "
            "it knows time_bucket, first and last of plain columns."
        )
    taken = f"(select retained_from from audit.retention where hypertable = {literal('public.' + aggregate.base)})"
    return Again(
        sql,
        tuple(name for name in key if name != aggregate.bucket),
        f"rows of {aggregate.base}",
        f"row of {aggregate.base}",
        f"({sql}) as again where true",
        quote(aggregate.bucket),
        f"kept.{quote(aggregate.bucket)} < {taken}",
    )


def _rendered(aggregate: Aggregate) -> str:
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(aggregate.sql)
    try:
        return template.render(
            ref=lambda name: f"public.{quote(name)}",
            timescaledb=lambda: OURS.removesuffix("."),
            summed=lambda column, _relation: SUMMED.format(column),
        )
    except jinja2.TemplateError as error:
        raise UserError(
            f"The model {aggregate.name} cannot be read by the verdict, which knows the macros ref, timescaledb and "
            f"summed: {error}"
        ) from error


def _first(found: re.Match[str]) -> str:
    kind, value, day = found.groups()
    return f"(array_agg({value} order by {day}{' desc' if kind.lower() == 'last' else ''}))[1]"
