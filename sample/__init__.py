"""A generator of Spock databases: `python -m loader.sample`.

The database has the whole source schema, prices that walk at random and indicators that are computed from
them. Beside it stands `<name>.manifest.json`, written by the generator from what it planted, never read
back by SQL. Same options, same database, same manifest, byte for byte.

Rows of ohlcv_data are exactly `--rows`, whatever the dirt: daily bars, the weekly and monthly bars of the
few tickers with ten years, and the shadow rows are all among them. They stand in the order in which the
application appends: its runs one after the other, in each of them ticker by ticker the days that the ticker
lacked, which is the whole history at first; a shadow right behind the row that it repeats. All rows of a
fetch have one `created_at`. `id` counts from 1.

The manifest:

- `options`: rows, seed, dirt, end_date.
- `tables`: rows of every table.
- `tickers_by_region`: rows of `tickers`.
- `ohlcv`: rows by timeframe, by the region as stored ('' is NULL) and as resolved, NULLs by indicator,
  first and last day, `rows_by_ticker` (region as resolved → ticker → rows, all timeframes). All this before
  hostile accidents.
- `dirt`: kind → place → what was planted there. A place is `table` or `table.column`; what was planted is a
  list of rowids, of keys (orphans: tickers; `fx_two_a_day`: currency and day; `drift_columns`: names) or a
  count.
- `features`: counts of what is unusual and no dirt.
- `expected.stubs`: parents missing from `tickers` as [ticker, region], for the tables with a foreign key at
  the target together, and by table (`trades` too, which has none); ETFs missing from `etfs` that
  etf_holdings names. A child without a region belongs to the region of its ticker's row in `tickers`, else
  to the one its shape tells.
- `expected.shadow_losers`: rows without region beside a row of the same key that has it, each with its
  winner.
- `expected.quarantined`: table → rowid and reason (shadow, unreadable date, empty ticker);
  `quarantined_one_of`: rowids of which all but one are to be found in quarantine.
- `expected.rejected`: table, rowid, column and kind of the values that do not fit the column's type in `raw`
  (INTEGER → bigint, REAL → double precision, TEXT → text).
- `monthly`: the last twelve months of one ticker of each region from its daily rows.
"""
