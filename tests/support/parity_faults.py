"""Faults that are planted in a migrated database, and what the verdict must say of each."""

from __future__ import annotations

FIRST = "(select min(_rowid) from raw.ohlcv_data)"

# what is planted in raw, how it is undone, and what the verdict must say
RAW = {
    "a digit": (
        f"update raw.ohlcv_data set close = close + 0.01 where _rowid = {FIRST}",
        "update raw.ohlcv_data r set close = {close!r} where _rowid = {rowid}",
        ["raw.ohlcv_data: 1 row with other values, in the columns close (1)", "_rowid {rowid}", "{close!r}"],
    ),
    "the last bit of a float": (
        "update raw.notes set weight = 0.10000000000000002 where id = 2",
        "update raw.notes set weight = 0.1 where id = 2",
        ["raw.notes: 1 row", "weight is 0.10000000000000002, expected 0.1"],
    ),
    "a negative zero": (
        "update raw.notes set weight = '-0' where id = 1",
        "update raw.notes set weight = 0 where id = 1",
        ["weight is -0.0, expected 0.0"],
    ),
    "NULL for an empty string": (
        "update raw.notes set body = null where id = 1",
        "update raw.notes set body = '' where id = 1",
        ["body is NULL, expected ''"],
    ),
    "an empty string for NULL": (
        "update raw.notes set body = '' where id = 2",
        "update raw.notes set body = null where id = 2",
        ["body is '', expected NULL"],
    ),
    "two rows swapped": (
        "update raw.notes set _rowid = 7 - _rowid where _rowid in (3, 4)",
        "update raw.notes set _rowid = 7 - _rowid where _rowid in (3, 4)",
        ["raw.notes: 2 rows with other values, in the columns id (2), body (2), weight (2)"],
    ),
    "a row twice": (
        "insert into raw.notes select * from raw.notes where id = 3",
        "delete from raw.notes where ctid in (select max(ctid) from raw.notes where id = 3)",
        ["raw.notes: 1 row with a key that another row has too", "twice _rowid 3"],
    ),
    "a row of nowhere": (
        "insert into raw.notes (id, body, _rowid, _load_id) values (9, 'x', 9, 1)",
        "delete from raw.notes where id = 9",
        ["1 row in raw.notes that the source does not have", "extra _rowid 9"],
    ),
    "a value in a column of nowhere": (
        "alter table raw.notes add column mood text default 'good'",
        "alter table raw.notes drop column mood",
        ["raw.notes has a column mood that the source has not"],
    ),
    "a column lost": (
        "alter table raw.notes rename column body to content",
        "alter table raw.notes rename column content to body",
        ["raw.notes has no column body"],
    ),
    "a narrower type": (
        "alter table raw.notes alter column weight type real",
        "alter table raw.notes alter column weight type double precision; "
        "update raw.notes set weight = 0.1 where id = 2",
        ["raw.notes.weight is float"],
    ),
}


COLUMNS = {
    "raw.notes": ("update raw.notes set weight = 0.10000000000000002 where id = 2", "weight = 0.1 where id = 2"),
    "public.portfolio": (
        "update public.portfolio set quantity = quantity + 1 where source_rowid = 2",
        "quantity = quantity - 1 where source_rowid = 2",
    ),
    "public.tickers": (
        "update public.tickers set name_eng = null where source_rowid = 1",
        "name_eng = (select name_eng from staging.stg_tickers where _rowid = 1) where source_rowid = 1",
    ),
}


# the table, which rows, what is done to them, and what the verdict must say
PUBLIC = {
    "a row missing": (
        "ohlcv_data",
        "delete from {table} where {where}",
        ["1 row of the source missing", "missing ticker"],
    ),
    "a date one day off": (
        "ohlcv_data",
        "update {table} set date = date + 1 where {where}",
        ["1 row of the source missing", "from the source, but not under that key"],
    ),
    "a timeframe not canonical": (
        "ohlcv_data",
        "update {table} set timeframe = 'D' where {where}",
        ["timeframe '1d'", "timeframe 'D'"],
    ),
    "a digit": (
        "ohlcv_data",
        "update {table} set volume = volume + 1 where {where}",
        ["1 row with other values, in the columns volume (1)"],
    ),
    "an indicator lost": (
        "ohlcv_data",
        "update {table} set macd = null where {where}",
        ["in the columns macd (1)", "macd is NULL, expected"],
    ),
    "a time of another zone": (
        "stock_details",
        "update {table} set created_at = created_at + interval '9 hours' where {where}",
        ["public.stock_details: 1 row with other values, in the columns created_at (1)"],
    ),
    "a boolean turned": (
        "stock_details",
        "update {table} set is_spac = not is_spac where {where}",
        ["in the columns is_spac (1)", "is_spac is True, expected False"],
    ),
    "a sector of an empty string": (
        "stock_details",
        "update {table} set industry_code = '' where {where}",
        ["in the columns industry_code (1)", "industry_code is ''"],
    ),
    "a date many years off": (
        "market_sentiment",
        "update {table} set date = date - 20000 where {where}",
        ["public.market_sentiment: 1 row of the source missing"],
    ),
}


# a Friday, for no row has the Saturday's key, in the middle of a year, for that is inside a chunk
CHOSEN = {
    "ohlcv_data": "macd is not null and timeframe = '1d' and to_char(date, 'MM ID') = '06 5'",
    "stock_details": "industry_code is distinct from '' and not is_spac",
}


# what is done to a column of public, how it is undone, and what the verdict must say
TYPES = {
    "a narrower type": (
        "alter table public.market_sentiment alter column vix type real",
        "alter table public.market_sentiment alter column vix type double precision; "
        "update public.market_sentiment p set vix = s.vix from staging.stg_market_sentiment s "
        "where s._rowid = p.source_rowid",
        "public.market_sentiment.vix is of a type that no value of the source is compared in",
    ),
    "a type of any width": (
        "alter table public.portfolio alter column quantity type numeric",
        "alter table public.portfolio alter column quantity type bigint",
        "public.portfolio.quantity is of a type that no value of the source is compared in",
    ),
    "a number for a text": (
        "alter table public.portfolio alter column current_price type text",
        "alter table public.portfolio alter column current_price type double precision using current_price::float8",
        "public.portfolio: 8 rows with other values, in the columns current_price (8)",
    ),
    "no origin": (
        "alter table public.portfolio rename column source_rowid to origin",
        "alter table public.portfolio rename column origin to source_rowid",
        "public.portfolio has no column source_rowid",
    ),
}
