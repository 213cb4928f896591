"""The dbt package packages/timescale, by a project of its own on dbt's own adapter, which knows nothing of this one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from expectations import manifest
from quant.paths import PROJECT
from quant.target import Target
from tests.support.places import Place, server_environment

pytestmark = pytest.mark.story

PACKAGE = PROJECT / "packages" / "timescale"
TABLE = "select 'measured.readings'::regclass::oid"
VIEW = "select 'measured.monthly_readings'::regclass::oid"
MONTHS = "select month::text, reading from measured.monthly_readings where sensor = 2 order by month"
CHUNKS = "from timescaledb_information.chunks where hypertable_name = 'readings'"
COMPRESSED = f"select bool_and(is_compressed) {CHUNKS} and range_end < now() - interval '90 days'"
POLICIES = """
    select coalesce(config ->> 'compress_after', config ->> 'drop_after')
    from timescaledb_information.jobs
    where hypertable_name = 'readings' order by 1
"""
INTERVAL = "select time_interval from timescaledb_information.dimensions where hypertable_name = 'readings'"
ORDER = """
    select distinct orderby from timescaledb_information.chunk_compression_settings
    where hypertable = 'measured.readings'::regclass
"""
JOBS = "select proc_schema from timescaledb_information.jobs where proc_name = 'policy_refresh_continuous_aggregate'"
COMMENTS = """
    select obj_description('measured.readings'::regclass), col_description('measured.readings'::regclass, 3),
        obj_description('measured.monthly_readings'::regclass)
"""
DESCRIBED = [("Readings of a sensor by day.", "What it read.", "The same by month.")]
Dbt = Callable[..., str]


@pytest.fixture(scope="module")
def place(make_place: Callable[[str], AbstractContextManager[Place]], native_server: Target | None) -> Iterator[Place]:
    """A server where there is one: the engine can do the same, and takes longer."""
    with make_place("server" if native_server else "embedded") as made:
        made.query("create extension if not exists timescaledb")
        yield made


@pytest.fixture(scope="module")
def dbt(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """A command of dbt with vars; returns what it said. The project has been built once."""
    folder = tmp_path_factory.mktemp("packages") / "timescale"
    shutil.copytree(PACKAGE, folder)
    project = str(folder / "integration_tests")

    def run(*words: str, ends: int = 0, **variables: str) -> str:
        given = ["--vars", str(variables), "--project-dir", project, "--profiles-dir", project]
        own = server_environment(place.target)
        done = place.run("dbt", "--no-use-colors", *words, *given, check=False, **own)
        assert done.returncode == ends, done.stdout
        return " ".join(done.stdout.split())

    run("deps")
    run("build")
    return run


def test_a_build_makes_what_is_declared(place: Place, dbt: Dbt) -> None:
    assert place.query(MONTHS) == [("2024-01-01", 60.0), ("2024-02-01", 56.0), ("2024-03-01", 18.0)]
    assert place.query(COMPRESSED) == [(True,)]
    assert place.query(POLICIES) == [("90 days",)]
    assert place.query(JOBS) == [("timescale",)]
    assert place.query(COMMENTS) == DESCRIBED
    assert "There is no hypertable 'nothing' in measured" in dbt(
        "run-operation", "decompress_chunks", "--args", "{table: nothing}", ends=1
    )


def test_a_full_refresh_writes_what_is_new_or_differs_and_nothing_else(place: Place, dbt: Dbt) -> None:
    before = place.query(TABLE), place.query(VIEW)
    place.query("update measured.readings set reading = '-0' where sensor = 1 and day = '2024-02-01'")
    assert "[INSERT 0 5 " in dbt("build", "--full-refresh", last_day="2024-03-12")
    assert (place.query(TABLE), place.query(VIEW)) == before
    assert place.query("select count(*), min(reading::text) from measured.readings") == [(144, "0")]
    assert place.query(MONTHS) == [("2024-01-01", 60.0), ("2024-02-01", 56.0), ("2024-03-01", 22.0)]


def test_what_is_declared_otherwise_is_brought_to_it(place: Place, dbt: Dbt) -> None:
    table, view = place.query(TABLE), place.query(VIEW)
    place.query("select public.add_retention_policy('measured.readings', interval '1 year')")
    place.query("comment on table measured.readings is 'of somebody else'")
    declared = {"compress_after": "60 days", "chunk_interval": "60 days", "order_by": "day", "measure": "sum"}
    dbt("build", factor="2", last_day="2024-01-31", **declared)
    assert place.query(TABLE) == table
    assert place.query(VIEW) != view
    assert place.query(MONTHS) == [("2024-01-01", 1860.0), ("2024-02-01", 812.0), ("2024-03-01", 132.0)]
    assert place.query(POLICIES) == [("60 days",)]
    assert [str(span) for [span] in place.query(INTERVAL)] == ["60 days, 0:00:00"]
    assert place.query(COMMENTS) == DESCRIBED
    assert re.search(
        r"Compressed \d+ chunks? of readings anew\.",
        dbt("run-operation", "recompress_chunks", "--args", "{table: readings}"),
    )
    assert place.query(ORDER) == [("day",)]


def test_a_column_of_another_type_is_refused_in_a_sentence(place: Place, dbt: Dbt) -> None:
    said = dbt("build", ends=1, type="numeric")
    assert "a table that holds data is never rebuilt: alter it by hand" in said
    assert place.query("select count(*) from measured.readings") == [(144,)]


def test_the_package_names_nothing_of_this_project() -> None:
    read = manifest.read()
    tables = {thing["name"] for kind in ("nodes", "sources") for thing in read[kind].values()} | {"audit", "staging"}
    macros = {macro["name"] for macro in read["macros"].values() if macro["package_name"] == "quant"}
    named = re.compile(rf"\b({'|'.join(tables)})\b|(?<![.\w])(?<!macro )({'|'.join(macros)})\(")
    texts = {path: path.read_text() for path in [*PACKAGE.rglob("*.sql"), *PACKAGE.rglob("*.yml")]}
    assert len(texts) > 15
    assert [(path.name, found.group()) for path, text in texts.items() for found in named.finditer(text)] == []
