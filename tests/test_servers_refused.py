"""A server that cannot carry the target is refused in one sentence with the cure, before anything is made on it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from loader.target import Target
from tests import native
from tests.places import Place, server_environment

NO_PROGRAMS = "there are no PostgreSQL programs here to start a server from: install Debian's package postgresql"
NO_TIMESCALEDB = "there is no TimescaleDB beside PostgreSQL's programs here"


def refused(target: Target, folder: Path) -> str:
    """What a build on that server says; the server is as it was."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("POSTGRES_", "QUANT_", "PG"))}
    folders = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    place = Place(target, ours | folders | server_environment(target))
    inventory = "select (select count(*) from pg_extension), (select count(*) from pg_class)"
    before = place.query(inventory)
    done = place.run("dbt", "--no-use-colors", "build", check=False)
    assert done.returncode == 2, done.stdout
    assert place.query(inventory) == before
    return done.stdout


def test_a_server_without_timescaledb_is_refused(tmp_path: Path) -> None:
    if not native.programs():
        pytest.skip(NO_PROGRAMS)
    with native.started(native.programs()[0], native.PLAIN) as target:
        said = refused(target, tmp_path)
    assert "The target server (postgres) has " in said
    if native.with_timescaledb() == native.programs()[0]:
        assert "add timescaledb to shared_preload_libraries in its postgresql.conf and restart it." in said
    else:
        assert "has no TimescaleDB: install the Community edition of TimescaleDB 2.14 or newer" in said


def test_the_apache_edition_is_refused(tmp_path: Path) -> None:
    folder = native.with_timescaledb()
    if folder is None:
        pytest.skip(NO_TIMESCALEDB)
    with native.started(folder, f"{native.WITH_TIMESCALEDB}timescaledb.license = 'apache'\n") as target:
        said = refused(target, tmp_path)
    assert (
        "The target server (postgres) runs the Apache edition of TimescaleDB, which has no compression, continuous"
        " aggregates or policies: install the Community edition, or set timescaledb.license = 'timescale' in"
        " postgresql.conf and restart." in said
    )


def test_an_old_version_is_refused(tmp_path: Path) -> None:
    folder = native.with_timescaledb()
    if folder is None:
        pytest.skip(NO_TIMESCALEDB)
    found = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=True).stdout
    scripts = (Path(found.strip()) / "extension").glob("timescaledb--2.*.sql")
    versions = (re.fullmatch(r"timescaledb--(2\.(?:\d|1[0-3])\.\d+)\.sql", script.name) for script in scripts)
    old = sorted(version[1] for version in versions if version)
    if not old:
        pytest.skip("no TimescaleDB before 2.14 is installed beside PostgreSQL's programs here")
    with native.started(folder, native.WITH_TIMESCALEDB) as target:
        with target.connect("tests") as connection, connection.cursor() as cursor:
            cursor.execute(f"create extension timescaledb version '{old[-1]}'")
        connection.close()
        said = refused(target, tmp_path)
    assert "The target server (postgres) has a TimescaleDB older than 2.14" in said
    assert "`alter extension timescaledb update`" in said
