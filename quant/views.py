"""The Spock file as the database shows it: temporary views with canonical dates, times, truth values and regions.

Nothing is written to the file. The views, and a few small tables beside them, are SQLite's temporary ones, in memory.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from quant.canonical import First, Last, day, instant
from quant.catalog import Column, Table
from quant.domains.prices import BUCKETS
from quant.names import CURRENCIES, region_by_shape

DATES = {"date", "listing_date", "delisting_date", "inception_date", "as_of_date", "analysis_date", "entry_date"}
DATES |= {"rate_date", "month", "quarter", "year"}
TIMES = {"created_at", "last_updated", "enriched_at", "entry_timestamp", "exit_timestamp", "order_time", "timestamp"}
TIMES |= {"execution_time"}
# The tables of the target and their keys; those that the file lacks are empty.
KEYS: dict[str, tuple[str, ...]] = {
    "tickers": ("ticker", "region"),
    "etfs": ("ticker", "region"),
    "stock_details": ("ticker", "region"),
    "etf_details": ("ticker", "region"),
    "portfolio": ("ticker", "region"),
    "ohlcv_data": ("ticker", "region", "timeframe", "date"),
    "ticker_fundamentals": ("id",),
    "technical_analysis": ("ticker", "region", "analysis_date"),
    "etf_holdings": ("etf_ticker", "etf_region", "stock_ticker", "stock_region", "as_of_date"),
    "trades": ("id",),
    "market_sentiment": ("date",),
    "global_market_indices": ("date", "symbol"),
    "exchange_rate_history": ("currency", "rate_date", "timestamp"),
}
ABSENT = {
    "factor_scores", "strategies", "backtest_results", "portfolio_holdings", "portfolio_transactions",
    "walk_forward_results", "optimization_history",
}  # fmt: skip
STARTS = {
    "month": "date(date, 'start of month')",
    "quarter": "date(date, 'start of month', printf('-%d months', (strftime('%m', date) - 1) % 3))",
    "year": "date(date, 'start of year')",
}
DAILY = "ohlcv_data where timeframe = '1d'"
FREE_REGION = "global_market_indices"  # an index may be of 'ASIA'
PARENTS = """
create temporary table quant_parents as
select trim(ticker) as ticker, min(upper(trim(region))) as region
from main.{table}
where trim(region) <> ''
group by trim(ticker)
"""


@dataclass(frozen=True)
class _Source:
    name: str
    columns: dict[str, str]


def prepare(connection: sqlite3.Connection) -> dict[str, Table]:
    """Make the views on a connection; again when the file has changed.

    Returns:
        What they have, by name.
    """
    for name, function in (("quant_day", day), ("quant_instant", instant), ("quant_region", region_by_shape)):
        connection.create_function(name, 1, function, deterministic=True)
    connection.create_aggregate("first", 2, First)  # type: ignore[arg-type]
    connection.create_aggregate("last", 2, Last)  # type: ignore[arg-type]
    made = connection.execute("select type, name from temp.sqlite_master where type in ('table', 'view')").fetchall()
    for kind, name in made:
        connection.execute(f"drop {kind} temp.{name}")
    sources = _sources(connection)
    for table, temporary in (("tickers", "quant_parents"), ("etfs", "quant_funds")):
        sql = PARENTS.replace("quant_parents", temporary).format(table=table)
        empty = f"create temporary table {temporary} (ticker text, region text)"
        connection.execute(sql if table in sources else empty)
        connection.execute(f"create index temp.{temporary}_ticker on {temporary} (ticker)")
    if "ohlcv_data" in sources:
        _pair(connection, sources["ohlcv_data"])
    tables = {}
    for source in sources.values():
        kinds = {column: kind for column, kind in _kinds(source).items() if column}
        connection.execute(f"create temporary view {_own(source.name)} as {_view(source)}")
        tables[source.name] = Table(source.name, {name: Column(name, kind, kind) for name, kind in kinds.items()})
    for parent in ("etfs", "tickers"):
        if parent in sources:
            _stubs(connection, parent, tables)
    if "ohlcv_data" in sources:
        for bucket, view in BUCKETS.items():
            connection.execute(f"create temporary view {view} as {aggregate(bucket, DAILY)}")
    return tables


def _sources(connection: sqlite3.Connection) -> dict[str, _Source]:
    found = {}
    for (name,) in connection.execute("select name from main.sqlite_master where type = 'table'"):
        if name in KEYS:
            columns = connection.execute("select name, type from pragma_table_xinfo(?) where hidden <> 1", (name,))
            found[name] = _Source(name, _typed_by_values(connection, name, dict(columns.fetchall())))
    return found


def _typed_by_values(connection: sqlite3.Connection, table: str, columns: dict[str, str]) -> dict[str, str]:
    """The columns with REAL for an INTEGER that holds fractions, as the target has them."""
    whole = [name for name, declared in columns.items() if "INT" in declared.upper()]
    if not whole:
        return columns
    tests = ", ".join(f"max(typeof({_quoted(name)}) = 'real')" for name in whole)
    found = connection.execute(f"select {tests} from main.{_quoted(table)}").fetchone()
    return columns | {name: "REAL" for name, fractional in zip(whole, found, strict=True) if fractional}


def _own(table: str) -> str:
    """The view of a table to which stubs are added has another name."""
    return f"quant_own_{table}" if table in ("tickers", "etfs") else table


def _kinds(source: _Source) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for name, declared in source.columns.items():
        word = declared.upper()
        if name in TIMES:
            kinds[name] = "timestamptz"
        elif name in DATES:
            kinds[name] = "date"
        elif "BOOL" in word:
            kinds[name] = "bool"
        elif "INT" in word:
            kinds[name] = "int8"
        else:
            kinds[name] = "float8" if "REAL" in word or "DOUB" in word or "FLOA" in word else "text"
    for ticker, region in _regions(source):
        if region not in kinds:
            names = list(kinds)
            names.insert(names.index(ticker) + 1, region)
            kinds = {name: kinds.get(name, "text") for name in names}
    return kinds


def _regions(source: _Source) -> list[tuple[str, str]]:
    """The columns of tickers, and of the regions that belong to them."""
    if source.name == "etf_holdings":
        return [("etf_ticker", "etf_region"), ("stock_ticker", "stock_region")]
    return [("ticker", "region")] if "ticker" in source.columns else []


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _region(ticker: str, own: str | None, funds: bool) -> str:
    """The rule of the migration: the row's own region, then its parents', then what the ticker looks like."""
    parents = ["quant_funds", "quant_parents"] if funds else ["quant_parents"]
    rules = [f"nullif(upper(trim({own})), '')"] if own else []
    rules += [f"(select p.region from temp.{parent} as p where p.ticker = trim({ticker}))" for parent in parents]
    return f"coalesce({', '.join([*rules, f'quant_region(trim({ticker}))'])})"


def _pair(connection: sqlite3.Connection, source: _Source) -> None:
    """Which tickers and regions the prices have, as the file spells them: so that its own index serves the views."""
    own = "region" if "region" in source.columns else None
    connection.execute(
        f"create temporary table quant_pairs as select raw_ticker, raw_region, trim(raw_ticker) as ticker,"
        f" {_region('raw_ticker', 'raw_region', False)} as region,"
        " coalesce(trim(raw_region), '') = '' as guessed"
        f" from (select distinct ticker as raw_ticker, {own or 'null'} as raw_region from main.ohlcv_data)"
        " where trim(raw_ticker) <> '' and length(trim(raw_ticker)) <= 20"
    )
    connection.execute("create index temp.quant_pairs_ticker on quant_pairs (ticker, region)")


def _view(source: _Source) -> str:
    key = KEYS[source.name]
    columns, wanted = [], []
    regions = dict(_regions(source))
    kinds = _kinds(source)
    is_prices = source.name == "ohlcv_data"
    for name, kind in kinds.items():
        raw = f"t.{_quoted(name)}"
        made = {"date": f"quant_day({raw})", "timestamptz": f"quant_instant({raw})"}.get(kind, raw)
        if kind in ("date", "timestamptz"):
            wanted.append(f"({made} is not null or {raw} is null or trim({raw}) = '')")
        elif name in regions.values() and source.name != FREE_REGION:
            ticker = next(one for one, region in regions.items() if region == name)
            own = raw if name in source.columns else None
            made = "p.region" if is_prices else _region(f"t.{ticker}", own, name == "etf_region")
        elif name in regions:
            made = "p.ticker" if is_prices else f"nullif(trim({raw}), '')"
        elif name == "timeframe":
            made = (
                f"case {raw} when 'D' then '1d' when 'W' then '1w' when 'M' then '1m' when '' then null else {raw} end"
            )
        elif kind == "bool":
            wanted.append(f"({raw} is null or {raw} in (0, 1))")
        else:
            fits = {"int8": "'integer', 'real', 'null'", "float8": "'real', 'integer', 'null'"}
            wanted.append(
                f"typeof({raw}) in ({fits.get(kind, chr(39) + 'text' + chr(39) + ', ' + chr(39) + 'null' + chr(39))})"
            )
        columns.append(f"{made} as {_quoted(name)}")
    rank = "p.guessed" if is_prices else "t.region is null" if "region" in source.columns else "0"
    joined = " cross join main.ohlcv_data as t on t.ticker = p.raw_ticker and t.region is p.raw_region"
    origin = f"temp.quant_pairs as p{joined}" if is_prices else f"main.{_quoted(source.name)} as t"
    if is_prices and "region" not in source.columns:
        origin = origin.replace(" and t.region is p.raw_region", "")
    listed = ", ".join(map(_quoted, kinds))
    order = f"row_number() over (partition by {', '.join(map(_quoted, key))} order by quant_rank, quant_rowid)"
    present = " and ".join(f"{_quoted(name)} is not null" for name in key if name in kinds)
    inner = f"select {', '.join(columns)}, {rank} as quant_rank, t.rowid as quant_rowid from {origin}"
    inner += f" where {' and '.join(wanted)}" if wanted else ""
    return (
        f"select {listed} from (select *, {order} as quant_place from ({inner}) where {present}) where quant_place = 1"
    )


def _stubs(connection: sqlite3.Connection, parent: str, tables: dict[str, Table]) -> None:
    """The parents that children name and the file lacks, as the migration makes them."""
    children = []
    for name, table in tables.items():
        if parent == "tickers" and name not in ("tickers", FREE_REGION, "ohlcv_data") and "ticker" in table.columns:
            children.append(f"select ticker, region from {name}")
        if name == "etf_holdings":
            children.append("select etf_ticker as ticker, etf_region as region from etf_holdings")
            children += ["select stock_ticker, stock_region from etf_holdings"] if parent == "tickers" else []
    if parent == "tickers" and "ohlcv_data" in tables:
        children.append("select ticker, region from quant_pairs")
    known = tables[parent].columns
    given = {"ticker": "ticker", "region": "region", "name": "ticker", "asset_type": "'STOCK'", "is_active": "0"}
    given["data_source"] = "'inferred'"
    currencies = " ".join(f"when '{region}' then '{currency}'" for region, currency in CURRENCIES.items())
    given["currency"] = f"case region {currencies} end"
    made = ", ".join(f"{given.get(name, 'null')} as {_quoted(name)}" for name in known)
    union = " union ".join(children) or "select null as ticker, null as region"
    connection.execute(
        f"create temporary table quant_stubs_{parent} as select distinct {made} from ({union})"
        f" where ticker is not null and region is not null and (ticker, region) not in"
        f" (select ticker, region from {_own(parent)})"
    )
    connection.execute(
        f"create temporary view {parent} as select * from {_own(parent)} union all select * from quant_stubs_{parent}"
    )


def aggregate(bucket: str, rows: str) -> str:
    """The statement of an aggregate over daily rows; the buckets of one ticker are read without all others."""
    start = STARTS[bucket]
    return f"""
        select
            ticker,
            region,
            {start} as {bucket},
            first(open, date) as open,
            max(high) as high,
            min(low) as low,
            last(close, date) as close,
            sum(volume) as volume,
            first(ma5, date) as ma5_start,
            last(ma20, date) as ma20_end,
            last(rsi_14, date) as rsi_14_end,
            count(*) as trading_days
        from {rows}
        group by ticker, region, {start}
    """
