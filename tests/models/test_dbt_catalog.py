"""What builds do to the catalog: changed declarations are applied by difference, killed builds are completed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from quant.paths import PROJECT
from tests.support.dbt_ground import closes, row_versions, source
from tests.support.places import Place
from tests.support.projects import copied, edit, options

pytestmark = pytest.mark.story

WANTED = "+ohlcv_yearly +ohlcv_quarterly factor_scores"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """A copy of the dbt project that a test may edit, over a target in which a source is loaded."""
    copy = copied(tmp_path_factory.mktemp("project"))
    path = source(tmp_path_factory.mktemp("source") / "spock.db")
    place.run("python", "-m", "loader.run", "--source", str(path), check=False)
    return copy


def command(project: Path, *more: str) -> list[str]:
    return ["dbt", "build", *options(project), "--select", *WANTED.split(), *more]


@pytest.mark.parametrize(
    "marker",
    ["model public.tickers ", "model public.ohlcv_data ", "model public.ohlcv_monthly ", "model public.ohlcv_yearly "],
)
def test_a_build_that_is_killed_leaves_nothing_half_done(place: Place, project: Path, marker: str) -> None:
    build = place.start(*command(project))
    assert build.stdout
    for line in build.stdout:
        if "START" in line and marker in line:
            break
    build.kill()
    build.wait()
    state = dict(place.query("select relation, load_id from audit.build_state"))
    if place.query("select to_regclass('public.ohlcv_data') is not null") == [(True,)]:
        assert ("ohlcv_data" in state) == (len(closes(place, "005930")) == 3)


def test_the_next_build_completes_what_was_killed(place: Place, project: Path) -> None:
    place.run(*command(project))
    assert len(closes(place, "005930")) == 3
    assert place.query("select trading_days, close from ohlcv_yearly where ticker = '005930'") == [(3, 13.0)]
    assert place.query("select count(*) from pg_class where relname like '%%\\_\\_dbt\\_%%'") == [(0,)]


def test_changed_declarations_are_applied_and_nothing_else(place: Place, project: Path) -> None:
    before = row_versions(place)
    ohlcv = "models/market/ohlcv_data.yml"
    edit(
        project,
        ohlcv,
        "idx_ohlcv_region: (region)",
        "idx_ohlcv_region: (region, date)\n        idx_ohlcv_new: (volume)",
    )
    longest = 30
    edit(project, ohlcv, "char_length(ticker) <= 20", "char_length(ticker) <= 30")
    if place.timescaledb() < (2, 18):
        said = place.run(*command(project), check=False).stdout
        assert "TimescaleDB before 2.18 adds none to a compressed hypertable: update TimescaleDB, or put" in said
        longest = 20
        edit(project, ohlcv, "char_length(ticker) <= 30", "char_length(ticker) <= 20")
    edit(project, ohlcv, "        idx_ohlcv_date: (date desc)\n", "")
    edit(
        project,
        ohlcv,
        "    columns:\n",
        "    columns:\n      - name: remark\n        data_type: text\n        description: New.\n"
        "        constraints:\n          - {type: custom, expression: default 'none yet'}\n",
    )
    edit(project, "dbt_project.yml", "ohlcv_compress_after: 365 days", "ohlcv_compress_after: 400 days")
    edit(project, "dbt_project.yml", "ohlcv_chunk_interval: 1 year", "ohlcv_chunk_interval: 2 years")
    edit(project, "dbt_project.yml", "factor_drop_after: never", "factor_drop_after: 30 years")
    edit(project, "dbt_project.yml", "aggregate_refresh_lag: 7 days", "aggregate_refresh_lag: 9 days")
    place.query("select add_retention_policy('ohlcv_data', interval '40 years')")
    edit(project, "models/aggregates/ohlcv_yearly.yml", "Daily prices by year", "Changed. Daily prices by year")
    place.run(*command(project))
    indexes = dict(
        place.query(
            "select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename = 'ohlcv_data'"
        )
    )
    assert "(region, date)" in str(indexes["idx_ohlcv_region"])
    assert "idx_ohlcv_new" in indexes
    assert "idx_ohlcv_date" not in indexes
    assert place.query(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'ohlcv_data_ticker_length'"
        " and conrelid = 'ohlcv_data'::regclass"
    ) == [(f"CHECK ((char_length(ticker) <= {longest}))",)]
    assert place.query("select distinct remark from ohlcv_data") == [("none yet",)]
    assert place.query(
        "select count(*) from timescaledb_information.jobs where hypertable_name = 'ohlcv_data'"
        " and (config ->> 'compress_after')::interval = '400 days'"
    ) == [(1,)]
    assert place.query(
        "select time_interval = '2 years' from timescaledb_information.dimensions where hypertable_name = 'ohlcv_data'"
    ) == [(True,)]
    assert place.query(
        "select count(*) from timescaledb_information.jobs where (config ->> 'end_offset')::interval = '9 days'"
    ) == [(1,)]
    assert place.query(
        "select hypertable_name, (config ->> 'drop_after')::interval = '30 years' from timescaledb_information.jobs"
        " where proc_name = 'policy_retention'"
    ) == [("factor_scores", True)]
    assert str(place.query("select obj_description('ohlcv_yearly'::regclass)")[0][0]).startswith("Changed.")
    after = row_versions(place)
    assert after["tickers"] == before["tickers"]


def test_a_changed_aggregate_is_rebuilt_with_those_built_on_it(place: Place, project: Path) -> None:
    edit(project, "models/aggregates/ohlcv_monthly.sql", "max(high) as high", "max(high) + 1 as high")
    place.run(*command(project))
    assert place.query("select high from ohlcv_monthly where ticker = '005930'") == [(13.0,)]
    assert place.query("select high from ohlcv_yearly where ticker = '005930'") == [(13.0,)]
    assert place.query("select count(*) from timescaledb_information.jobs where proc_name like '%%refresh%%'") == [(1,)]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            "name: volume\n        data_type: bigint",
            "name: volume\n        data_type: text",
            "a table that holds data is never rebuilt",
        ),
        (
            "[ticker, region, timeframe, date]",
            "[ticker, region, date]",
            "the key of a table that holds data is never changed",
        ),
        (
            "      - name: id\n",
            "      - name: nothing_like_it\n        data_type: text\n        description: x\n      - name: id\n",
            "declares the column nothing_like_it in its yml but its SQL does not yield it",
        ),
        (
            "\n    config:\n",
            "\n    config:\n      indexes: [{columns: [close]}]\n",
            "declare them in named_indexes, by name",
        ),
        (
            "\n    config:\n",
            "\n    config:\n      on_schema_change: sync_all_columns\n",
            "a new column is added, and any other change of a column is refused",
        ),
    ],
)
def test_what_could_lose_data_is_refused_in_a_sentence(
    place: Place, project: Path, before: str, after: str, sentence: str
) -> None:
    versions = row_versions(place)
    edit(project, "models/market/ohlcv_data.yml", before, after)
    done = place.run(*command(project), check=False)
    edit(project, "models/market/ohlcv_data.yml", after, before)
    assert done.returncode == 1
    assert sentence in " ".join(done.stdout.split())
    assert row_versions(place) == versions


def test_without_a_load_a_build_says_what_to_run(make_place: Callable[[str], AbstractContextManager[Place]]) -> None:
    with make_place("embedded") as empty:
        done = empty.run("dbt", "build", check=False)
        assert done.returncode == 2
        assert (
            "Nothing has been loaded into the target embedded (quant_platform): run `python -m loader.run` first."
            in done.stdout
        )


def test_a_parent_whose_sql_leaves_out_a_child_is_refused(place: Place, project: Path) -> None:
    edit(project, "models/market/tickers.sql", "'trades',", "")
    done = place.run(*command(project), check=False)
    shutil.copy(PROJECT / "models/market/tickers.sql", project / "models/market/tickers.sql")
    assert done.returncode == 1
    assert "trades refers to tickers, whose SQL does not read stg_trades" in " ".join(done.stdout.split())


def test_grants_are_those_of_the_config(place: Place, project: Path) -> None:
    role = f"reader_{os.getpid()}_{place.target.name}"
    grants = (
        "select array_agg(distinct privilege_type::text) from information_schema.role_table_grants where grantee = %s"
    )
    place.query(f"create role {role}")
    try:
        for kind, file, before in (
            ("durable_table", "market/ohlcv_data", "\n    config:\n"),
            ("continuous_aggregate", "aggregates/ohlcv_yearly", "\n    columns:\n"),
        ):
            path, name = f"models/{file}.yml", file.rpartition("/")[2]
            config = f"\n    config:\n      grants: {{select: [{role}]}}\n"
            edit(project, path, before, config + before.removeprefix("\n").replace("    config:\n", ""))
            place.run(*command(project))
            assert place.query(f"{grants} and table_name = %s", role, name) == [(["SELECT"],)], kind
        place.query(f"grant delete on ohlcv_data to {role}")
        place.run(*command(project))
        assert place.query(f"{grants} and table_name = %s", role, "ohlcv_data") == [(["SELECT"],)]
    finally:
        place.query(f"drop owned by {role}; drop role {role}")
