"""What the target holds is wrong in itself, or kept in another way than declared: each is named; on both targets."""

from __future__ import annotations

import pytest

from expectations.parity import result, source
from tests.support.verdict_ground import Ground

KEYS = "{} has its keys, foreign keys and checks, and no others"
CHECK = "alter table public.trades add constraint trades_ticker_length check (char_length(ticker) <= 20)"

REFRESH = "timescaledb_information.jobs where proc_schema = 'audit'"
OF_YEARS = "(config -> 'aggregates' ? 'public.ohlcv_yearly')"
TWO = "config #- '{aggregates, 2}'"
THREE = "jsonb_insert(config, '{aggregates, 2}', '\"public.ohlcv_yearly\"')"
# alter_job takes it for TimescaleDB's own policy by its name, and refuses its config
ANOTHER = (
    "add_job('audit.policy_refresh_continuous_aggregate', schedule_interval, config => {}, "
    "initial_start => date_trunc('day', now()) + interval '1 day')"
)
# what is planted, how it is undone, and which expectation fails
HEALTH = {
    "a policy gone": (
        "select remove_compression_policy('public.ohlcv_data')",
        "select add_compression_policy('public.ohlcv_data', interval '365 days')",
        "ohlcv_data has a policy that compresses after 365 days",
    ),
    "an interval changed": (
        "select set_chunk_time_interval('public.ohlcv_data', interval '7 days')",
        "select set_chunk_time_interval('public.ohlcv_data', interval '1 year')",
        "ohlcv_data is a hypertable on date in chunks of 1 year",
    ),
    "an index gone": (
        "drop index public.idx_ohlcv_region",
        "create index idx_ohlcv_region on public.ohlcv_data (region)",
        "the indexes of ohlcv_data are as declared",
    ),
    "an index invalid": (
        "update pg_index set indisvalid = false where indexrelid = 'public.idx_backtest_sharpe'::regclass",
        "update pg_index set indisvalid = true where indexrelid = 'public.idx_backtest_sharpe'::regclass",
        "no index is invalid",
    ),
    "a foreign key dropped": (
        "alter table public.portfolio drop constraint portfolio_ticker_fkey",
        "alter table public.portfolio add constraint portfolio_ticker_fkey foreign key (ticker, region) "
        "references public.tickers (ticker, region)",
        KEYS.format("portfolio"),
    ),
    "one of two foreign keys of a table dropped": (
        "alter table public.portfolio_holdings drop constraint portfolio_holdings_ticker_fkey; "
        "alter table public.portfolio_holdings add constraint other foreign key (ticker, region) "
        "references public.etfs (ticker, region)",
        "alter table public.portfolio_holdings drop constraint other; "
        "alter table public.portfolio_holdings add constraint portfolio_holdings_ticker_fkey "
        "foreign key (ticker, region) references public.tickers (ticker, region)",
        KEYS.format("portfolio_holdings"),
    ),
    "a unique constraint dropped": (
        "alter table public.strategies drop constraint strategies_name_key",
        "alter table public.strategies add constraint strategies_name_key unique (name)",
        KEYS.format("strategies"),
    ),
    "a check dropped": (
        "alter table public.trades drop constraint trades_ticker_length",
        CHECK,
        KEYS.format("trades"),
    ),
    "a check that old rows need not meet": (
        f"alter table public.trades drop constraint trades_ticker_length; {CHECK} not valid",
        f"alter table public.trades drop constraint trades_ticker_length; {CHECK}",
        KEYS.format("trades"),
    ),
    "foreign keys switched off": (
        "alter table public.trades disable trigger all",
        "alter table public.trades enable trigger all",
        KEYS.format("trades"),
    ),
    "NULL let in": (
        "alter table public.trades alter column ticker drop not null",
        "alter table public.trades alter column ticker set not null",
        "the columns of trades are as declared",
    ),
    "a default gone": (
        "alter table public.portfolio_transactions alter column commission drop default",
        "alter table public.portfolio_transactions alter column commission set default 0",
        "the columns of portfolio_transactions are as declared",
    ),
    "a narrower text": (
        "alter table public.trades alter column reason type varchar(2000)",
        "alter table public.trades alter column reason type text",
        "the columns of trades are as declared",
    ),
    "a sequence behind": (
        "select setval(pg_get_serial_sequence('public.trades', 'id'), 1)",
        "select setval(pg_get_serial_sequence('public.trades', 'id'), (select max(id) from public.trades))",
        "new ids of trades come after those that are there",
    ),
    "an index on another column": (
        "drop index public.idx_ohlcv_region; create index idx_ohlcv_region on public.ohlcv_data (close)",
        "drop index public.idx_ohlcv_region; create index idx_ohlcv_region on public.ohlcv_data (region)",
        "the indexes of ohlcv_data are as declared",
    ),
    "an aggregate that is not real-time": (
        "alter materialized view public.ohlcv_monthly set (timescaledb.materialized_only = true)",
        "alter materialized view public.ohlcv_monthly set (timescaledb.materialized_only = false)",
        "ohlcv_monthly is a real-time continuous aggregate",
    ),
    "a refresh policy that leaves one out": (
        f"select {ANOTHER.format(TWO)} from {REFRESH}; select delete_job(job_id) from {REFRESH} and {OF_YEARS}",
        f"select {ANOTHER.format(THREE)} from {REFRESH}; select delete_job(job_id) from {REFRESH} and not {OF_YEARS}",
        "the job that refreshes ohlcv_yearly runs every 1 hour",
    ),
    "a refresh policy of somebody else": (
        "select add_continuous_aggregate_policy('public.ohlcv_yearly', start_offset => interval '3 years', "
        "end_offset => interval '1 day', schedule_interval => interval '1 day')",
        "select remove_continuous_aggregate_policy('public.ohlcv_yearly')",
        "no other policy refreshes ohlcv_yearly",
    ),
    "a chunk uncompressed": (
        "select decompress_chunk(c, true) from show_chunks('public.ohlcv_data', older_than => interval '3 years') c",
        "select compress_chunk(c, true) from show_chunks('public.ohlcv_data', older_than => interval '3 years') c",
        "every chunk of ohlcv_data that is older than 365 days is compressed",
    ),
    "a backup left behind": (
        "create table public.trades__dbt_backup (id bigint)",
        "drop table public.trades__dbt_backup",
        "dbt left no backup or temporary relation behind",
    ),
}

ALL_OF_THEM = (
    '{"aggregates": ["public.ohlcv_monthly", "public.ohlcv_quarterly", "public.ohlcv_yearly"], "end_offset": "7 days"}'
)
# What else is told of some of them.
ALSO = {
    "an index invalid": ["the indexes of backtest_results are as declared"],
    "an index on another column": ["nothing about ohlcv_data is unusual"],
}


@pytest.fixture(scope="module")
def packed(migrated: Ground) -> Ground:
    """Old chunks compressed and aggregates refreshed, whatever the tests before did with them."""
    migrated.query(
        "select compress_chunk(c, true) from show_chunks('public.ohlcv_data', older_than => interval '365 days') c"
    )
    migrated.query(f"call audit.policy_refresh_continuous_aggregate(0, '{ALL_OF_THEM}')")
    return migrated


def test_a_sound_target_is_healthy(packed: Ground) -> None:
    outcome = packed.run("--only", "health", "--only", "keys", "--only", "aggregates")
    assert (outcome.code, outcome.failed) == (0, {})


@pytest.mark.parametrize("fault", HEALTH)
def test_what_is_kept_in_another_way_than_declared_is_named(packed: Ground, fault: str) -> None:
    plant, undo, expectation = HEALTH[fault]
    with packed.planted(plant, undo):
        outcome = packed.run("--only", "health")
    assert outcome.code == 1
    assert set(outcome.failed) == {expectation, *ALSO.get(fault, ())}


def test_a_check_that_does_not_hold_is_named(packed: Ground) -> None:
    plant = (
        "alter table public.portfolio drop constraint portfolio_ticker_length; "
        "alter table public.portfolio drop constraint portfolio_ticker_fkey; "
        "insert into public.portfolio (ticker, region, quantity, avg_price, entry_date, last_updated) "
        "values (repeat('X', 21), 'US', 1, 1, '2024-01-02', now())"
    )
    undo = (
        "delete from public.portfolio where char_length(ticker) > 20; "
        "alter table public.portfolio add constraint portfolio_ticker_length check (char_length(ticker) <= 20); "
        "alter table public.portfolio add constraint portfolio_ticker_fkey foreign key (ticker, region) "
        "references public.tickers (ticker, region)"
    )
    with packed.planted(plant, undo):
        outcome = packed.run("--only", "keys")
    assert outcome.code == 1
    assert set(outcome.failed) == {
        "every declared check of portfolio holds",
        "every ticker, region of portfolio is in tickers",
    }


def test_a_bucket_that_its_days_do_not_give_is_named(packed: Ground) -> None:
    ((schema, name),) = packed.query(
        "select materialization_hypertable_schema, materialization_hypertable_name "
        "from timescaledb_information.continuous_aggregates where view_name = 'ohlcv_monthly'"
    )
    which = "where ticker = '005930' and month = (select min(month) from public.ohlcv_monthly where ticker = '005930')"
    change = f'update "{schema}"."{name}" set high = high {{sign}} 1000 {which}'
    with packed.planted(change.format(sign="+"), change.format(sign="-")):
        outcome = packed.run("--only", "aggregates")
    assert outcome.code == 1
    assert "every bucket of ohlcv_monthly is what its daily rows give" in outcome.failed
    assert "ticker 005930, region KR" in outcome.said
    assert "differs high" in outcome.said


def test_a_strange_price_is_a_warning_and_the_verdict_stays(packed: Ground) -> None:
    stock = "(select ticker from public.tickers where region = 'KR' and ticker = '005930')"
    plant = (
        "insert into public.ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume) "
        f"values ({stock}, 'KR', '1w', '2025-09-28', 10, 9, 8, 9, -1), "
        f"({stock}, 'KR', '1w', '2025-09-29', 9, 9, 8, 9, -1)"
    )
    undo = "delete from public.ohlcv_data where timeframe = '1w' and date in ('2025-09-28', '2025-09-29')"
    with packed.planted(plant, undo):
        outcome = packed.run("--only", "content")
    assert outcome.code == 0
    assert {"no high is below the open, close or low", "no volume is negative"} <= set(outcome.failed)
    found = {check["finding"] for check in outcome.document["checks"] if not check["passed"]}
    assert {"one high is below the open, close or low", "2 volumes are negative"} <= found


def test_a_rejected_row_that_would_fit_is_named(packed: Ground) -> None:
    plant = (
        "create table audit.kept as select * from raw.notes where id = 3; delete from raw.notes where id = 3; "
        "insert into raw.rejected_rows (table_name, rowid, column_name, reason, row, load_id) "
        "values ('notes', 3, 'body', 'a whim', '{}', 1)"
    )
    undo = (
        "insert into raw.notes select * from audit.kept; drop table audit.kept; "
        "delete from raw.rejected_rows where reason = 'a whim'"
    )
    with packed.planted(plant, undo):
        outcome = packed.run("--only", "values")
    assert outcome.code == 1
    assert "rowid 3 of notes was rejected, but every value of it fits" in outcome.said


KEPT_APART = {
    "raw.rejected_rows": (
        "insert into raw.rejected_rows (table_name, rowid, column_name, reason, row, load_id) "
        "values ('notes', 3, 'body', 'a whim', '{}', 1)",
        "delete from raw.rejected_rows where reason = 'a whim'",
        """'{"id": 3, "body": "셋", "weight": {"real": "1e+300"}}'""",
        "rowid 3 of notes is not kept among the rejected rows as the source has it",
    ),
    "audit.quarantine": (
        "insert into audit.quarantine (table_name, rowid, key, reason, row, first_seen, last_seen) "
        "values ('portfolio', 3, '{}', 'a whim', '{}', now(), now())",
        "delete from audit.quarantine where reason = 'a whim'",
        "(select to_jsonb(r) - '_rowid' - '_load_id' from raw.portfolio as r where _rowid = 3)",
        "rowid 3 of portfolio is not kept in the quarantine as raw has it",
    ),
}


@pytest.mark.parametrize("place", KEPT_APART)
def test_a_row_kept_apart_that_is_not_whole_is_named(packed: Ground, place: str) -> None:
    plant, undo, whole, words = KEPT_APART[place]
    with packed.planted(plant, undo):
        altered = packed.run("--only", "values", "--only", "counts")
        packed.query(f"update {place} set row = {whole} where reason = 'a whim'")
        sound = packed.run("--only", "values", "--only", "counts")
    assert altered.code == 1
    assert words in altered.said
    assert words not in sound.said


def test_no_rejected_row_is_beyond_what_is_looked_at(packed: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PART", 2)
    monkeypatch.setattr(result, "SAMPLES", 2)
    reject = (
        "insert into raw.rejected_rows (table_name, rowid, column_name, reason, row, load_id) "
        "select 'notes', id, 'body', 'a whim', '{}', 1 from generate_series(1, 4) as id"
    )
    with packed.planted(reject, "delete from raw.rejected_rows where reason = 'a whim'"):
        outcome = packed.run("--only", "values")
    assert "rowid 2 of notes was rejected, but every value of it fits" in outcome.said
    assert "… and 2 more such rows" in outcome.said


def test_a_row_quarantined_without_need_is_named(packed: Ground) -> None:
    park = (
        "insert into audit.quarantine (table_name, rowid, key, reason, row, first_seen, last_seen) "
        "select 'market_sentiment', _rowid, '{}', 'a whim', to_jsonb(r) - '_rowid' - '_load_id', now(), now() "
        "from raw.market_sentiment as r where _rowid = (select min(source_rowid) from public.market_sentiment)"
    )
    unpark = "delete from audit.quarantine where reason = 'a whim'"
    ((rowid,),) = packed.query("select min(source_rowid) from public.market_sentiment")
    with (
        packed.planted(park, unpark),
        packed.changed("market_sentiment", f"source_rowid = {rowid}", "delete from {table} where {where}"),
    ):
        outcome = packed.run("--quick")
    assert outcome.code == 1
    assert set(outcome.failed) == {
        "every row of market_sentiment in quarantine cannot live in public, for the reason told"
    }
    assert f"rowid {rowid} of market_sentiment is in quarantine and could live in public" in outcome.said
