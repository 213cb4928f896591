"""After the cut-over aggregates follow what applications write, of any age, and keep what retention took."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.support.dbt_ground import price, source, step
from tests.support.places import Place
from tests.support.projects import copied, edit, options
from tests.support.sources import write

pytestmark = pytest.mark.story

UNITS = ("month", "quarter", "year")
REFRESH = "select job_id from timescaledb_information.jobs where proc_name = 'policy_refresh_continuous_aggregate'"
STALE = " union all ".join(
    f"select '{unit}', a.{unit}::text from ohlcv_{unit}ly as a inner join (select ticker, region, "
    f"date_trunc('{unit}', date)::date as {unit}, max(high) as high, count(*) as days from ohlcv_data group by 1, 2, 3)"
    f" as d using (ticker, region, {unit}) where (a.high, a.trading_days) is distinct from (d.high, d.days)"
    for unit in UNITS
)
HISTORY = " union all ".join(
    f"select '{unit}', ticker, {unit}, open, high, volume, trading_days from ohlcv_{unit}ly where {unit} < '2020-01-01'"
    for unit in UNITS
)
TODAY = date.today()
DAYS = [
    f"{year}-{month:02d}-{day:02d}" for year in range(2016, TODAY.year) for month in range(1, 13) for day in (1, 15)
]
RECENT = [str(TODAY - timedelta(back)) for back in range(1, 60, 7)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """A source that reaches from 2016 to yesterday, with a price of 2099, built into the place."""
    path = source(tmp_path_factory.mktemp("source") / "spock.db")
    days = sorted({*DAYS, *RECENT, "2099-05-05"} - {"2020-01-02"})
    write(path, *(price(100 + number, "7203", day, "JP") for number, day in enumerate(days) if day != "2024-05-07"))
    step(place, path)
    return path


def run_the_policy(place: Place) -> None:
    ((job,),) = place.query(REFRESH)
    place.query(f"call run_job({job})")


def verdict(place: Place, path: Path, *suites: str) -> str:
    words = [word for suite in suites for word in ("--only", suite)]
    done = place.run(
        *("great_expectations", "checkpoint", "run", "phase1", "--no-report", "--source", str(path), *words),
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.usefixtures("path")
def test_what_is_written_today_shows_at_once_and_after_the_policy(place: Place) -> None:
    place.query(
        "insert into ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume)"
        " values ('7203', 'JP', '1d', current_date, 1, 9999, 1, 1, 1), ('ACB', 'VN', '1d', '9999-12-31', 1, 1, 1, 1, 1)"
    )
    for _ in ("at once", "after the policy"):
        for unit in UNITS:
            shown = place.query(
                f"select max(high) from ohlcv_{unit}ly where {unit} = date_trunc('{unit}', current_date)"
            )
            assert shown == [(9999,)], unit
        assert place.query(STALE) == []
        run_the_policy(place)
    assert (
        place.query(
            "select mat_hypertable_id from _timescaledb_catalog.continuous_aggs_watermark"
            " where watermark > extract(epoch from now()) * 1000000"
        )
        == []
    )
    place.query("delete from ohlcv_data where date = '9999-12-31'")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2016-01-01", "2016-01-01"),
        ("2017-03-15", "2017-07-01"),  # ends on the first day of a quarter
        ("2017-11-15", "2019-01-01"),  # and of a year
        ("2016-05-01", str(TODAY)),
    ],
)
def test_a_correction_of_any_age_arrives_by_the_policy_alone(place: Place, path: Path, first: str, last: str) -> None:
    place.query(
        f"update ohlcv_data set high = high + 1000 where ticker = '7203' and date between '{first}' and '{last}'"
    )
    assert place.query(STALE)
    said = verdict(place, path, "aggregates")
    assert "aggregates: failed (warning): " in said
    assert "no bucket of ohlcv_monthly waits for its refresh" in said
    assert "(critical)" not in said
    run_the_policy(place)
    assert place.query(STALE) == []
    assert ": failed (" not in verdict(place, path, "aggregates")


@pytest.mark.usefixtures("path")
def test_the_policy_leaves_what_has_not_changed(place: Place) -> None:
    rows = " union all ".join(
        f"select min(xmin::text), max(xmin::text), count(*) from {table}"
        for (table,) in place.query(
            "select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)"
            " from timescaledb_information.continuous_aggregates order by 1"
        )
    )
    before = place.query(rows)
    run_the_policy(place)
    assert place.query(rows) == before


@pytest.mark.usefixtures("path")
def test_aggregates_are_analyzed(place: Place) -> None:
    for (table,) in place.query(
        "select materialization_hypertable_name from timescaledb_information.continuous_aggregates"
    ):
        assert place.query("select count(*) from pg_stats where tablename = %s and attname = 'ticker'", table) == [(1,)]


@pytest.mark.usefixtures("path")
def test_a_bucket_that_is_stored_before_its_end_is_made_open_again(place: Place, path: Path) -> None:
    place.query("call refresh_continuous_aggregate('ohlcv_monthly', null, null)")
    assert "ohlcv_monthly stores no month that is not over" in verdict(place, path, "aggregates")
    place.run("dbt", "build", "--select", "ohlcv_monthly", "ohlcv_quarterly", "ohlcv_yearly")
    assert ": failed (" not in verdict(place, path, "aggregates")


def test_no_command_takes_what_retention_left_in_the_aggregates(place: Place, path: Path) -> None:
    history = place.query(f"{HISTORY} order by 1, 2, 3")
    place.query("select drop_chunks('ohlcv_data', older_than => date '2021-01-01')")
    ((oldest,),) = place.query("select min(date)::text from ohlcv_data")
    assert str(oldest) > "2020-01-06"
    place.run("dbt", "run-operation", "refresh_aggregates")
    assert place.query(f"{HISTORY} order by 1, 2, 3") == history
    place.run("dbt", "run-operation", "run_policies")
    place.run("dbt", "build")
    done = place.run("dbt", "build", "--full-refresh")
    assert "rows of the source for ohlcv_data are older than" in done.stdout
    assert place.query(f"{HISTORY} order by 1, 2, 3") == history
    ((retained, difference),) = place.query(
        "select retained_rows, difference from audit.conservation where table_name = 'ohlcv_data'"
    )
    assert retained
    assert difference == 0
    place.query("update ohlcv_data set high = high - 1000 where ticker = '7203' and date = current_date")
    # a stub whose days retention took stands for a child in raw
    assert "(critical)" not in verdict(place, path, "aggregates", "keys")


def test_a_source_row_older_than_retention_is_left_out_and_counted(place: Place, path: Path) -> None:
    counted = "select retained_rows from audit.conservation where table_name = 'ohlcv_data'"
    ((before,),) = place.query(counted)
    step(place, path, price(5000, "005930", "2016-02-02", "KR"))
    assert place.query("select count(*) from ohlcv_data where date = '2016-02-02'") == [(0,)]
    assert place.query(counted) == [(int(str(before)) + 1,)]
    said = verdict(place, path, "counts")
    failed = [line for line in said.splitlines() if ": failed (" in line]
    assert [line for line in failed if "than is allowed" not in line] == []  # one row of so few is more than 1 %


@pytest.mark.usefixtures("path")
def test_an_old_row_of_an_application_takes_nothing_from_its_month(place: Place) -> None:
    place.query("select drop_chunks('ohlcv_data', older_than => date '2021-01-01')")
    run_the_policy(place)  # which notes what retention has taken
    history = place.query(f"{HISTORY} order by 1, 2, 3")
    place.query(
        "insert into ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume)"
        " values ('7203', 'JP', '1d', '2017-06-20', 1, 1e6, 1, 1, 1)"
    )
    run_the_policy(place)
    place.run("dbt", "run-operation", "refresh_aggregates")
    assert place.query(f"{HISTORY} order by 1, 2, 3") == history
    place.query("select drop_chunks('ohlcv_data', older_than => date '2018-12-01')")


def test_a_hole_is_no_retention(place: Place, path: Path) -> None:
    ((oldest,),) = place.query("select min(date)::text from ohlcv_data where source_rowid is not null")
    place.query("create table audit.kept as select * from ohlcv_data where date = %s", oldest)
    place.query("delete from ohlcv_data where date = %s", oldest)
    done = place.run("dbt", "test", "--select", "ohlcv_data", "conservation", check=False)
    assert "rows_are_conserved_ohlcv_data_" in done.stdout
    assert "nothing_is_lost_conservation_" in done.stdout
    assert "the difference is" in verdict(place, path, "counts")
    place.query("insert into ohlcv_data select * from audit.kept; drop table audit.kept")
    run_the_policy(place)


@pytest.mark.usefixtures("path")
def test_a_changed_sql_does_not_cost_the_history(place: Place, tmp_path: Path) -> None:
    edit(copied(tmp_path), "models/aggregates/ohlcv_monthly.sql", "max(high) as high", "max(high) + 0 as high")
    build = ["dbt", "build", *options(tmp_path), "--select", "ohlcv_monthly", "ohlcv_quarterly", "ohlcv_yearly"]
    history = place.query(f"{HISTORY} order by 1, 2, 3")
    refused = place.run(*build, check=False)
    assert refused.returncode == 1
    said = " ".join(refused.stdout.split())
    assert "The SQL of ohlcv_monthly has changed, but it holds the time before" in said
    assert place.query(f"{HISTORY} order by 1, 2, 3") == history
    for unit in UNITS:
        place.query(f"alter materialized view public.ohlcv_{unit}ly rename to ohlcv_{unit}ly_old")
    place.run(*build)
    for unit in UNITS:
        place.query(f"alter materialized view public.ohlcv_{unit}ly rename to ohlcv_{unit}ly_new")
        place.query(f"alter materialized view public.ohlcv_{unit}ly_old rename to ohlcv_{unit}ly")
    assert place.query(f"{HISTORY} order by 1, 2, 3") == history
