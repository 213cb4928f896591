"""Faults that are planted in what is set apart and in the books, and what the verdict must say of each."""

from __future__ import annotations

A_PRICE = "(select min(rowid) from audit.quarantine where table_name = 'ohlcv_data')"
A_STUB = "ticker = '000660'"

# the table that is altered, what is done to it, and what the verdict must say
FAULTS = {
    "a reason of another kind": (
        "audit.quarantine",
        f"update audit.quarantine set reason = 'because' where table_name = 'ohlcv_data' and rowid = {A_PRICE}",
        "of ohlcv_data is in quarantine since 'because', not ",
    ),
    "a reason of two left out": (
        "audit.quarantine",
        "update audit.quarantine set reason = split_part(reason, '; ', 1) where reason like '%; %'",
        "since 'the ticker is empty', not 'date cannot be read; the ticker is empty'",
    ),
    "another winner": (
        "audit.quarantine",
        "update audit.quarantine set reason = 'duplicate of rowid 2' where reason like 'duplicate of rowid %'",
        "since 'duplicate of rowid 2', not 'duplicate of rowid ",
    ),
    "another key": (
        "audit.quarantine",
        "update audit.quarantine set key = key || '{\"date\": \"2020-01-02\"}' where reason = 'date cannot be read'",
        "of ohlcv_data has the key ",
    ),
    "another row": (
        "audit.quarantine",
        "update audit.quarantine set row = row || '{\"close\": 1}' where reason = 'date is missing'",
        "of ohlcv_data is not kept in the quarantine as raw has it",
    ),
    "a row that is nowhere else": (
        "audit.quarantine",
        "insert into audit.quarantine values ('tickers', 99999, '{}', 'x', '{}', now(), now())",
        "rowid 99999 of tickers is in quarantine, but not in the source",
    ),
    "a row of no table of ours": (
        "audit.quarantine",
        "insert into audit.quarantine values ('nothing', 1, '{}', 'x', '{}', now(), now())",
        "audit.quarantine has rows of nothing, which no source fills",
    ),
    "a reason of the loader's": (
        "raw.rejected_rows",
        "update raw.rejected_rows set reason = 'none at all'",
        "is rejected for price = dear, none at all, not for price = dear, text in a column of double precision",
    ),
    "a value to blame": (
        "raw.rejected_rows",
        "update raw.rejected_rows set value = 'cheap'",
        "of trades is rejected for price = cheap, ",
    ),
    "a column to blame": (
        "raw.rejected_rows",
        "update raw.rejected_rows set column_name = 'side'",
        "of trades is rejected for side = dear, ",
    ),
    "a rejected row of no table": (
        "raw.rejected_rows",
        "update raw.rejected_rows set table_name = 'nothing'",
        "raw.rejected_rows has 1 of nothing, which is no table of the source",
    ),
    "numbers of a table": (
        "raw._tables",
        "update raw._tables set source_rows = source_rows + 5, raw_rows = raw_rows + 5 where table_name = 'trades'",
        "raw._tables says 7 source rows of trades, there are 2",
    ),
    "a table left out": (
        "raw._tables",
        "delete from raw._tables where table_name = 'trades'",
        "raw._tables does not tell of trades",
    ),
    "a column of another type": (
        "raw._tables",
        "update raw._tables set columns = columns #- '{price}' where table_name = 'trades'",
        "raw._tables does not tell the columns of trades as they are",
    ),
    "numbers of a window": (
        "raw._windows",
        "update raw._windows set source_rows = source_rows + 1, rejected_rows = 0 where table_name = 'trades'",
        "has 3 rows in raw._windows, the source has 2 there",
    ),
    "a window left out": (
        "raw._windows",
        "delete from raw._windows where table_name = 'trades'",
        "raw._windows tells of 0 rows of trades, the source has 2",
    ),
    "a window twice": (
        "raw._windows",
        "insert into raw._windows (table_name, low, high, source_rows, rejected_rows, fingerprint, load_id) "
        "select table_name, low + 1, high, 0, 0, fingerprint, load_id from raw._windows where table_name = 'trades'",
        "is in raw._windows beside another one that has the same rowids",
    ),
    "loads forgotten": (
        "raw._loads",
        "delete from raw._loads where load_id < (select max(load_id) from raw._loads)",
        "tells of load 1, which raw._loads does not know",
    ),
    "a load that ends before it begins": (
        "raw._loads",
        "update raw._loads set finished_at = started_at - interval '1 day'",
        "load 1 of raw._loads ends before it begins",
    ),
    "removed rows of a load to come": (
        "raw._removed",
        "insert into raw._removed values ('trades', 1, 1000)",
        "raw._removed tells of load 1000, which raw._loads does not know",
    ),
    "a watermark ahead": (
        "audit.build_state",
        "update audit.build_state set load_id = 1000000",
        "audit.build_state says trades was built from load 1000000, which has not finished",
    ),
    "a watermark behind": (
        "audit.build_state",
        "update audit.build_state set load_id = 0 where relation = 'trades'",
        "trades was built from load 0, and load 1 has changed its rows: run `dbt build`",
    ),
    "a watermark lost": (
        "audit.build_state",
        "delete from audit.build_state where relation = 'trades'",
        "audit.build_state does not tell from which load trades was built",
    ),
    "a build to come": (
        "audit.build_state",
        "update audit.build_state set built_at = built_at + interval '1 year' where relation = 'trades'",
        "audit.build_state says trades was built after now",
    ),
    "a definition of another text": (
        "audit.applied_definitions",
        "update audit.applied_definitions set definition = 'check (true)' where name = 'trades_ticker_length'",
        "audit.applied_definitions tells of constraint check (true) of trades, which is not declared",
    ),
    "a definition lost": (
        "audit.applied_definitions",
        "delete from audit.applied_definitions where name = 'idx_ohlcv_date'",
        "audit.applied_definitions does not tell of index (date desc) of ohlcv_data",
    ),
}

# what is done, how it is undone, and what the verdict must say
OTHERS = {
    "a stub set active": (
        f"update public.tickers set is_active = true where {A_STUB}",
        f"update public.tickers set is_active = false where {A_STUB}",
        "the stub ticker '000660', region 'KR' of tickers has something of its own in is_active",
    ),
    "a stub with a name and an exchange": (
        f"update public.tickers set name = 'SK', exchange = 'KRX' where {A_STUB}",
        f"update public.tickers set name = ticker, exchange = null where {A_STUB}",
        "the stub ticker '000660', region 'KR' of tickers has something of its own in name, exchange",
    ),
    "a row that has left its key and is active": (
        "insert into public.tickers (ticker, region, name, is_active, data_source, created_at) "
        "values ('035720', 'KR', 'Kakao', true, 'inferred', now())",
        "delete from public.tickers where ticker = '035720'",
        "the stub ticker '035720', region 'KR' of tickers has something of its own in is_active",
    ),
    "a view that shows a constant": (
        "alter view audit.conservation rename to conservation_real; create view audit.conservation as "
        "select table_name, source_rows, raw_rows, rejected_rows, public_rows, stub_rows + 1 as stub_rows, "
        "application_rows, kept_rows, retained_rows, quarantined_rows, 0::bigint as difference "
        "from audit.conservation_real",
        "drop view audit.conservation; alter view audit.conservation_real rename to conservation",
        "audit.conservation says 1 in stub_rows of trades, which is 0",
    ),
    "a view that shows no difference": (
        "alter view audit.conservation rename to conservation_real; create view audit.conservation as "
        "select table_name, source_rows, raw_rows, rejected_rows, public_rows, stub_rows, "
        "application_rows, kept_rows, retained_rows, quarantined_rows, 0::bigint as difference "
        "from audit.conservation_real",
        "drop view audit.conservation; alter view audit.conservation_real rename to conservation",
        "audit.conservation would not show it if trades had other rows in raw._tables or audit.quarantine",
    ),
    "a view that shows no row": (
        "alter view audit.conservation rename to conservation_real; "
        "create view audit.conservation as select * from audit.conservation_real where false",
        "drop view audit.conservation; alter view audit.conservation_real rename to conservation",
        "audit.conservation does not tell of trades",
    ),
    "a day for ever": (
        "insert into public.market_sentiment (date, vix) values ('infinity', 1), ('4000-01-01 BC', 1); "
        "update public.market_sentiment set date = '10001-01-01' where date = '2024-01-05'",
        "delete from public.market_sentiment where vix = 1; "
        "update public.market_sentiment set date = '2024-01-05' where date = '10001-01-01'",
        "1 row in public.market_sentiment from the source, but not under that key",
    ),
}
