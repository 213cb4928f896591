"""The checkpoint's command line: exit codes, sentences, nothing imported or written that need not be."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from great_expectations.expectations import registry

from expectations import catalog, checkpoint, cli, preflight, suites
from expectations.expected.base import TYPES
from quant.errors import UserError
from quant.paths import PROJECT
from tests.support.places import Place
from tests.support.projects import copied
from tests.support.verdict_ground import Ground, Outcome, run


def test_the_committed_suites_are_those_of_the_definition() -> None:
    made, own = suites.documents(catalog.read()), preflight.checkpoint("phase1").own
    found = {
        str(path.relative_to(suites.FOLDER)): path.read_text(encoding="utf-8")
        for kind in ("suites", "validation_definitions", "checkpoints")
        for path in (suites.FOLDER / kind).glob("*.json")
        if path.stem not in own  # which people wrote
    }
    assert found == made, "run `python -m expectations.suites`"


def test_every_declared_table_has_its_keys_and_the_copied_ones_their_values_expected() -> None:
    declared = catalog.read()
    made = suites.suites(declared)
    by_value = {one.kwargs["table"] for one in made["values"] if "table" in one.kwargs}
    assert by_value == declared.tables.keys() & declared.sources
    assert {"tickers", "ohlcv_data", "stock_details", "etf_holdings"} <= by_value
    for table in declared.tables.values():
        assert f"no two rows of {table.name} have the same key" in {one.description for one in made["keys"]}


def test_every_expectation_says_what_is_so_when_it_fails() -> None:
    for suite in suites.suites(catalog.read()).values():
        for one in suite:
            assert one.finding, one.description
            assert one.description not in one.finding
            assert [sentence.count("{}") for sentence in one.finding] in ([0], [0, 1]), one.finding


def test_listing_and_wrong_arguments_do_not_import_great_expectations() -> None:
    for words in (
        ["checkpoint", "list"],
        ["checkpoint", "run", "phase9"],
        ["checkpoint", "run", "phase1", "--only", "x"],
    ):
        program = (
            f"import sys; from expectations import cli; cli.main({words!r}); "
            "assert not {'great_expectations', 'pandas', 'pyarrow', 'psycopg2'} & sys.modules.keys()"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_list_names_the_checkpoint_and_its_suites(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["checkpoint", "list", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["phase1"]) == set(suites.SUITES)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["phase9"], "There is no checkpoint 'phase9'; there is phase1."),
        (
            ["phase1", "--only", "valeus"],
            "There is no suite 'valeus' in phase1 (do you mean values?); there are counts, columns, values",
        ),
        (["phase1", "--source", "/nowhere/spock.db"], "There is no file /nowhere/spock.db"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["checkpoint", "run", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(sentence)


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A copy of the committed files."""
    folder = tmp_path / "expectations"
    shutil.copytree(suites.FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "parity"))
    return folder


@pytest.fixture
def typo(committed: Path) -> Path:
    """The same with one expectation's type misspelt."""
    path = committed / "suites" / "keys.json"
    path.write_text(path.read_text(encoding="utf-8").replace("expect_no_rows", "expect_no_rwos", 1), encoding="utf-8")
    return committed


def test_a_typo_in_a_suite_is_found_before_anything_is_read(typo: Path) -> None:
    with pytest.raises(
        UserError, match=r"There is no expectation 'expect_no_rwos' \(expect_no_rows\?\) in .*keys.json"
    ):
        preflight.checkpoint("phase1", typo)


def test_what_an_expectation_is_told_is_known(committed: Path) -> None:
    path = committed / "suites" / "counts.json"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace('"table": "trades"', '"tabel": "trades"'), encoding="utf-8")
    with pytest.raises(UserError, match="expect_raw_rows_in_public is told tabel, not table"):
        preflight.checkpoint("phase1", committed)
    path.write_text(sound.replace('"table": "trades"', '"table": "tradse"'), encoding="utf-8")
    with pytest.raises(UserError, match="expect something of tradse, which models/ does not declare"):
        preflight.ask_tables(preflight.checkpoint("phase1", committed), catalog.read())


@pytest.mark.parametrize(
    ("suite", "found", "other", "told"),
    [
        (
            "health",
            "chunks of 1 year",
            "chunks of 9 years",
            "suites/health.json in .* expects something else than models/",
        ),
        (
            "health",
            '"severity": "critical"',
            '"severity": "warning"',
            "suites/health.json in .* expects something else",
        ),
    ],
)
def test_suites_that_expect_something_else_than_is_declared_are_refused(
    committed: Path, suite: str, found: str, other: str, told: str
) -> None:
    path = committed / "suites" / f"{suite}.json"
    path.write_text(path.read_text(encoding="utf-8").replace(found, other), encoding="utf-8")
    with pytest.raises(UserError, match=told):
        preflight.ask_tables(preflight.checkpoint("phase1", committed), catalog.read(), committed)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copied(tmp_path)


def test_what_is_declared_and_no_suite_names_is_refused(project: Path) -> None:
    models = project / "models"
    monthly = (models / "aggregates" / "ohlcv_monthly.sql").read_text(encoding="utf-8")
    declared = (models / "aggregates" / "ohlcv_monthly.yml").read_text(encoding="utf-8")
    for old, new in (("1 month", "1 week"), ("as month", "as week")):
        monthly = monthly.replace(old, new)
    (models / "aggregates" / "ohlcv_weekly.sql").write_text(monthly, encoding="utf-8")
    weekly = declared.replace("ohlcv_monthly", "ohlcv_weekly").replace("name: month", "name: week")
    (models / "aggregates" / "ohlcv_weekly.yml").write_text(weekly, encoding="utf-8")
    for kind in ("yml", "sql"):
        strategies = (models / "quant" / f"strategies.{kind}").read_text(encoding="utf-8")
        (models / "quant" / f"plans.{kind}").write_text(strategies.replace("strategies", "plans"), encoding="utf-8")
    told = "No suite of phase1 expects anything of ohlcv_weekly, plans, which models/ declares"
    with pytest.raises(UserError, match=told):
        preflight.ask_tables(preflight.checkpoint("phase1"), catalog.read(project))
    assert "ohlcv_weekly" in suites.documents(catalog.read(project))["suites/aggregates.json"]


def test_a_table_without_a_key_and_an_aggregate_without_a_bucket_are_refused(project: Path) -> None:
    models = project / "models"
    yml = models / "quant" / "strategies.yml"
    sound = yml.read_text(encoding="utf-8")
    yml.write_text(sound.replace("primary_key", "unique"), encoding="utf-8")
    with pytest.raises(UserError, match="The table strategies has no primary key"):
        catalog.read(project)
    yml.write_text(sound, encoding="utf-8")
    yearly = "select 1 as year from {{ ref('ohlcv_monthly') }}"
    (models / "aggregates" / "ohlcv_yearly.sql").write_text(yearly, encoding="utf-8")
    with pytest.raises(UserError, match=r"ohlcv_yearly.sql must be the SQL of the continuous aggregate ohlcv_yearly"):
        catalog.read(project)


def test_the_types_that_are_known_are_those_of_great_expectations() -> None:
    ours = {kind for kind in registry.list_registered_expectation_implementations() if "expect" in kind}
    for kind, told in TYPES.items():
        assert kind in ours
        fields = registry.get_expectation_impl(kind).__annotations__.keys()
        assert fields == told


def test_an_expectation_of_unknown_type_is_not_passed_over(migrated: Ground, typo: Path) -> None:
    declared = preflight.checkpoint("phase1")
    with pytest.raises(UserError, match=r"expectations of the suite keys only \d+ were evaluated"):
        list(checkpoint.run(declared, ["keys"], migrated.place.target, typo))


def test_an_empty_suite_is_refused(committed: Path) -> None:
    path = committed / "suites" / "counts.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"expectations": []}), encoding="utf-8")
    with pytest.raises(UserError, match="The suite counts expects nothing"):
        preflight.checkpoint("phase1", committed)


def test_a_missing_configuration_is_not_scaffolded(committed: Path) -> None:
    (committed / "great_expectations.yml").unlink()
    with pytest.raises(UserError, match=r"great_expectations.yml is missing"):
        preflight.checkpoint("phase1", committed)
    assert not (committed / "great_expectations.yml").exists()


def test_nothing_loaded_then_nothing_built_are_told_apart(
    make_place: Callable[[str], contextmanager[Place]], migrated: Ground
) -> None:
    with make_place(migrated.place.target.name) as empty:
        nothing = run(empty, migrated.source)
        empty.run("python", "-m", "loader.run", "--source", str(migrated.source))
        loaded = run(empty, migrated.source)
    assert nothing.code == loaded.code == 2
    assert "run `python -m loader.run` first" in nothing.error
    assert re.search(r" and \d+ more are not in .*: run `dbt build` first", loaded.error)


def test_an_unreachable_server_is_said_in_a_sentence(migrated: Ground) -> None:
    if migrated.place.target.name == "embedded":
        pytest.skip("the embedded engine is started when it is not running")
    outcome = migrated.run(POSTGRES_PORT="1")
    assert outcome.code == 2
    assert "cannot be reached" in outcome.error
    assert "Traceback" not in outcome.error


SETTINGS = {
    "search_path": "'raw, audit'",
    "client_encoding": "'LATIN1'",
    "extra_float_digits": "0",
    "datestyle": "'SQL, DMY'",
    "timezone": "'America/New_York'",
    "intervalstyle": "'sql_standard'",
    "quote_all_identifiers": "on",
    "bytea_output": "'escape'",
    "idle_in_transaction_session_timeout": "'1s'",
}


def test_what_a_database_has_set_for_its_sessions_is_told_and_changes_nothing_else(migrated: Ground) -> None:
    name, embedded = migrated.place.target.database, migrated.place.target.name == "embedded"
    # The embedded engine refuses every encoding but UTF-8 when it is set, so it cannot be set for sessions to come.
    chosen = {setting: value for setting, value in SETTINGS.items() if not (embedded and setting == "client_encoding")}
    plant = "; ".join(f"alter database {name} set {setting} to {value}" for setting, value in chosen.items())
    with migrated.planted(plant, "; ".join(f"alter database {name} reset {setting}" for setting in chosen)):
        outcome = migrated.run()
    assert sorted(outcome.wrong) == ["no relation is found before a table of the target", "no setting is unusual"]


def test_a_query_that_fails_is_no_verdict(migrated: Ground) -> None:
    with migrated.planted(
        "alter table public.portfolio rename column region to area",
        "alter table public.portfolio rename column area to region",
    ):
        outcome = migrated.run("--only", "keys")
    assert outcome.code == 2
    failed = [check for check in outcome.document["checks"] if check["error"]]
    assert any("region" in check["error"] for check in failed)


def test_a_target_that_fails_amid_the_rows_is_no_verdict(migrated: Ground) -> None:
    with migrated.planted(
        "alter table raw.notes rename to kept; "
        "create view raw.notes as select id, body, weight / (id - 3)::float8 as weight, _rowid, _load_id from raw.kept",
        "drop view raw.notes; alter table raw.kept rename to notes",
    ):
        outcome = migrated.run("--only", "values")
    assert outcome.code == 2
    assert re.fullmatch(
        'The target failed while "raw"."notes" was read: .*division by zero.* run again.\n', outcome.error
    )


def test_a_run_writes_no_file_and_shows_no_password(migrated: Ground) -> None:
    def state() -> dict[str, str]:
        files = [path for path in suites.FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = state()
    words = ("great_expectations", "checkpoint", "run", "phase1", "--no-report", "--source", str(migrated.source))
    done = migrated.place.run(*words, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert state() == before
    assert migrated.place.target.password not in done.stdout + done.stderr
    assert re.search(r"\nphase1: passed(, \d+ warnings? \((\d+ \w+, )*\d+ \w+\))?, \d+\.\d s\n$", done.stdout)
    assert "\x1b[" not in done.stdout


def test_duplicate_keys_and_orphans_are_asked_of_the_data(migrated: Ground) -> None:
    plant = (
        "alter table public.market_sentiment drop constraint market_sentiment_pkey; "
        "alter table public.market_sentiment drop constraint market_sentiment_id_key; "
        "insert into public.market_sentiment select * from public.market_sentiment order by date limit 1; "
        "alter table public.portfolio drop constraint portfolio_ticker_fkey; "
        "insert into public.portfolio (ticker, region, quantity, avg_price, entry_date, last_updated) "
        "values ('NOBODY', 'ZZ', 1, 1, '2024-01-02', now())"
    )
    undo = (
        "delete from public.market_sentiment where ctid in (select max(ctid) from public.market_sentiment "
        "group by date having count(*) > 1); alter table public.market_sentiment add primary key (date); "
        "alter table public.market_sentiment add constraint market_sentiment_id_key unique (id); "
        "delete from public.portfolio where ticker = 'NOBODY'; alter table public.portfolio add constraint "
        "portfolio_ticker_fkey foreign key (ticker, region) references public.tickers (ticker, region)"
    )
    with migrated.planted(plant, undo):
        outcome = migrated.run("--only", "keys")
        compared = migrated.run("--only", "keys", "--only", "values")  # of what is compared it is known already
    assert outcome.code == compared.code == 1
    wrong = {"no two rows of market_sentiment have the same key", "every ticker, region of portfolio is in tickers"}
    assert set(outcome.failed) == wrong < set(compared.failed)
    assert "ticker NOBODY, region ZZ" in outcome.said


def test_a_stale_aggregate_is_named(migrated: Ground) -> None:
    newest = (
        "insert into public.ohlcv_data (ticker, region, timeframe, date, open, high, low, close, volume) "
        "select ticker, region, '1d', date '2099-02-03', 1, 1, 1, 1, 1 from public.tickers limit 1"
    )
    plant = f"alter materialized view public.ohlcv_yearly set (timescaledb.materialized_only = true); {newest}"
    undo = (
        "alter materialized view public.ohlcv_yearly set (timescaledb.materialized_only = false); "
        "delete from public.ohlcv_data where date = '2099-02-03'"
    )
    with migrated.planted(plant, undo):
        outcome = migrated.run("--only", "aggregates")
    assert outcome.code == 1
    assert set(outcome.failed) == {
        "ohlcv_yearly reaches the year of the last daily row",
        "every bucket of ohlcv_yearly is what its months give",
    }
    assert "wanted 2099-01-01" in outcome.said


def test_only_the_chosen_suites_are_run(migrated: Ground) -> None:
    outcome: Outcome = migrated.run("--only", "aggregates", "--only", "counts")
    assert {check["suite"] for check in outcome.document["checks"]} == {"counts", "aggregates"}
    assert {line["values"] for line in outcome.document["tables"]} == {""}
