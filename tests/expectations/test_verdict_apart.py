"""What is set apart is proven, the books are held against what they tell of; on both targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.apart_faults import FAULTS, OTHERS
from tests.support.dbt_ground import STAMP, price, quarantine, step
from tests.support.places import Place
from tests.support.sources import write
from tests.support.verdict_ground import Ground, run

SUITES = ("--only", "counts", "--only", "values", "--only", "keys")
SCHEMA = (
    """create table tickers (ticker text primary key, name text, region text, is_active boolean, listing_date text,
        created_at text, data_source text)""",
    """create table ohlcv_data (id integer primary key autoincrement, ticker text, timeframe text, date text,
        region text, open real, high real, low real, close real, volume bigint, ma5 real, created_at text)""",
    "create table trades (id integer primary key autoincrement, ticker text, region text, side text, price real)",
    "create table market_sentiment (date text primary key, vix real, created_at text)",
)
DIRT = (
    ("insert into tickers values ('', 'nobody', 'KR', 1, null, ?, null)", [STAMP]),
    ("insert into tickers values ('AAPL', 'Apple', 'US', 1, '2024-02-30', ?, null)", [STAMP]),
    price(3001, "000001", "2020/01/02", "KR", 2.0),  # a second row of a key
    price(3002, "000002", "2020-02-03", None, 3.0),  # a first row of one, which the next has for its own region
    price(3003, "000002", "2020-02-03", "KR", 4.0),
    price(3004, "000001", "2020-13-45", "KR"),
    price(3005, "", "2020-01-02", "KR"),
    price(3006, "", "2020-02-30", "KR"),
    price(3007, "?what?", "2020-01-02"),
    price(3008, "A" * 21, "2020-01-02", "US"),
    price(3009, "000003", " ", "KR"),
    price(3010, "000660", "2020-01-02"),  # which stands in no table of parents
    price(3011, "AAPL", "2020-01-02", "US"),
    ("insert into trades values (1, '000001', 'KR', 'BUY', 'dear')", []),
    ("insert into trades values (2, '000001', 'KR', 'BUY', 2.0)", []),
    ("insert into market_sentiment values ('2024-01-05', 14.5, null)", []),
)


def source(path: Path) -> Path:
    """A table of tickers and one of prices, large enough for a few faults to be less than a hundredth."""
    codes = [f"{number:06}" for number in range(300)]
    tickers = [
        ("insert into tickers values (?, ?, 'KR', 1, '2000-01-01', ?, 'KRX')", [code, code, STAMP]) for code in codes
    ]
    prices = [price(number + 1, code, "2020-01-02", "KR") for number, code in enumerate(codes * 5)][:300]
    days = [
        price(1000 + number, "000001", f"2021-{1 + number // 28:02}-{1 + number % 28:02}", "KR")
        for number in range(300)
    ]
    more = [price(2000 + number, code, "2022-03-04", "KR") for number, code in enumerate(codes)]
    return write(path, *SCHEMA, *tickers, *prices, *days, *more, *DIRT)


@pytest.fixture(scope="module")
def dirty(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Loaded and built twice; in between an application has taken the key of a row that the source gets only then."""
    path = source(tmp_path_factory.mktemp("dirty") / "spock.db")
    build = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    step(place, path, build=build)
    place.query(
        "insert into public.ohlcv_data (ticker, region, timeframe, date, close) "
        "values ('000009', 'KR', '1d', '2023-01-05', 1)"
    )
    step(place, path, price(3012, "000009", "2023-01-05", "KR"), build=build)
    return Ground(place, path, lambda *more, **environment: run(place, path, *more, **environment))


def test_rows_of_every_reason_are_proven(dirty: Ground) -> None:
    assert {reason.split(" of rowid")[0] for reason in quarantine(dirty.place).values()} == {
        "the ticker is empty",
        "listing_date cannot be read",
        "duplicate",
        "date cannot be read",
        "the ticker is empty; date cannot be read",
        "neither the row nor a parent nor the shape of the ticker tells the region",
        "the check ohlcv_data_ticker_length fails",
        "date is missing",
        "a row that an application wrote has this key",
    }
    outcome = dirty.run()
    assert outcome.code == 0


def test_a_source_without_any_table_of_spock_is_judged(
    make_place: Callable[[str], contextmanager[Place]], tmp_path: Path
) -> None:
    path = write(tmp_path / "songs.db", "create table songs (title text)", "insert into songs values ('x')")
    with make_place("embedded") as empty:
        step(empty, path, build=("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"))
        outcome = run(empty, path)
    assert outcome.code == 0
    assert outcome.document["notes"] == [
        "The source has none of the tables that models/ declares: nothing of it is in public.",
        "Weakened: ohlcv_data (id) may be the same in two rows: a unique key of a hypertable holds the day, "
        "and an id is unique by its sequence alone.",
    ]


@contextmanager
def restored(ground: Ground, table: str) -> Iterator[None]:
    """What stands in a table, after the block as before it."""
    ground.query(f"create table public.kept as table {table}")
    try:
        yield
    finally:
        ground.query(f"delete from {table}; insert into {table} select * from public.kept; drop table public.kept")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_the_books_say_otherwise_is_named(dirty: Ground, fault: str) -> None:
    table, change, words = FAULTS[fault]
    with restored(dirty, table):
        dirty.query(change)
        outcome = dirty.run(*SUITES)
    assert outcome.code == 1
    assert words in outcome.said


@pytest.mark.parametrize("fault", OTHERS)
def test_what_is_shown_or_stands_in_otherwise_is_named(dirty: Ground, fault: str) -> None:
    change, undo, words = OTHERS[fault]
    with dirty.planted(change, undo):
        outcome = dirty.run(*SUITES)
    assert outcome.code == 1
    assert words in outcome.said
    assert "Traceback" not in outcome.error


def test_a_stub_that_no_row_refers_to_is_named(dirty: Ground) -> None:
    left = (
        "insert into public.tickers (ticker, region, name, exchange, is_active, data_source, created_at) "
        "values ('035720', 'KR', 'Kakao', 'KRX', false, 'inferred', now())"
    )
    with dirty.planted(left, "delete from public.tickers where ticker = '035720'"):
        outcome = dirty.run("--only", "keys")
    said = "the stub ticker '035720', region 'KR' of tickers stands for no child: `dbt build` removes it"
    assert (outcome.code, outcome.said) == (1, said)


HIDE = """
    insert into audit.quarantine select '{table}', t.source_rowid, jsonb_build_object({key}), '{reason}',
        to_jsonb(r) - '_rowid' - '_load_id', now(), now()
    from public.{table} as t join raw.{table} as r on r._rowid = t.source_rowid where {where};
    delete from public.{table} as t where source_rowid is not null and {where}
"""


@pytest.mark.parametrize(
    "reason", ["x", "duplicate of rowid 1", "the ticker is empty", "no row in public.tickers for 000001, KR"]
)
def test_a_row_hidden_in_quarantine_is_named_whatever_its_reason(dirty: Ground, reason: str) -> None:
    key = "'ticker', t.ticker, 'region', t.region, 'timeframe', t.timeframe, 'date', t.date"
    hide = HIDE.format(table="ohlcv_data", key=key, reason=reason, where="t.date = '2021-03-03'")
    with restored(dirty, "audit.quarantine"):
        dirty.query(f"create table public.hidden as select * from public.ohlcv_data where date = '2021-03-03'; {hide}")
        outcome = dirty.run("--quick")
        dirty.query("insert into public.ohlcv_data select * from public.hidden; drop table public.hidden")
    assert outcome.code == 1
    assert "of ohlcv_data is in quarantine and could live in public" in outcome.said


def test_a_table_that_is_in_quarantine_as_a_whole_is_no_success(dirty: Ground) -> None:
    with restored(dirty, "audit.quarantine"):
        dirty.query(
            "insert into audit.quarantine select 'market_sentiment', _rowid, '{}', 'x', '{}', now(), now() "
            "from raw.market_sentiment"
        )
        outcome = dirty.run("--only", "counts")
    assert outcome.code == 1
    assert "no more of market_sentiment is in quarantine than is allowed" in outcome.failed
    assert "1 row of market_sentiment of 1 in quarantine, more than 1 %" in outcome.said


def test_after_all_these_faults_were_mended_the_verdict_is_met_again(dirty: Ground) -> None:
    outcome = dirty.run()
    assert outcome.code == 0
