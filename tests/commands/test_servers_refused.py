"""A server that cannot carry the target is refused in one sentence with the cure, before anything is made on it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from quant.target import Target
from tests.support import native, sources
from tests.support.places import NO_SERVER, place_on

NO_PROGRAMS = "there are no PostgreSQL programs here to start a server from: install Debian's package postgresql"
NO_TIMESCALEDB = "there is no TimescaleDB beside PostgreSQL's programs here"


def refused(target: Target, folder: Path) -> str:
    """What a build on that server says; the server is as it was."""
    place = place_on(target, folder)
    inventory = "select (select count(*) from pg_extension), (select count(*) from pg_class)"
    before = place.query(inventory)
    done = place.run("dbt", "--no-use-colors", "build", check=False)
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (2, False), done.stdout
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
        assert "has no TimescaleDB: install the Community edition of TimescaleDB 2." in said


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


@contextmanager
def server_with(minors: range) -> Iterator[Target]:
    """A server whose database has a TimescaleDB of one of these minor versions; skips where there is none."""
    folder = native.with_timescaledb()
    there = [version for version in native.versions() if int(version.split(".")[1]) in minors]
    if folder is None or not there:
        pytest.skip(f"no TimescaleDB 2.{minors[0]} to 2.{minors[-1]} is installed beside PostgreSQL's programs here")
    with native.started(folder, native.WITH_TIMESCALEDB) as target:
        with target.connect("tests") as connection, connection.cursor() as cursor:
            cursor.execute(f"create extension timescaledb schema public version '{there[-1]}'")
        connection.close()
        yield target


def test_an_old_version_is_refused(tmp_path: Path) -> None:
    with server_with(range(11)) as target:
        said = refused(target, tmp_path)
    assert "The target server (postgres) has a TimescaleDB older than 2.11, " in said
    assert "run `alter extension timescaledb update`" in said


def test_2_11_without_a_superuser_is_refused(tmp_path: Path) -> None:
    with server_with(range(11, 12)) as target:
        place_on(target, tmp_path).query(
            "create role ordinary login password 'secret'; grant create on database postgres to ordinary"
        )
        said = refused(dataclasses.replace(target, user="ordinary"), tmp_path)
    assert "has TimescaleDB 2.11, on which only a superuser can make aggregates of quarters and years" in said


def test_a_standby_is_refused_by_the_load(tmp_path: Path) -> None:
    if not native.programs():
        pytest.skip(NO_PROGRAMS)
    sources.write(tmp_path / "s.db", "create table t (a integer)")
    with native.started(native.programs()[0], f"{native.PLAIN}max_connections = 100\n", standby=True) as target:
        done = place_on(target, tmp_path).run(
            "python", "-m", "loader.run", "--source", str(tmp_path / "s.db"), check=False
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a standby, which takes no writes: name its primary in POSTGRES_HOST." in done.stderr


@pytest.mark.parametrize(
    ("making", "setting", "said"),
    [
        (
            "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0",
            "",
            "has the encoding LATIN1, which cannot",
        ),
        (
            "",
            "alter database {name} set default_transaction_read_only = on",
            "are read-only (default_transaction_read_only)",
        ),
        ("", "alter role {login} nosuperuser", "`grant usage, create on schema public to"),
    ],
    ids=["encoding", "read-only", "login"],
)
def test_a_database_that_cannot_be_filled_is_refused_by_load_and_build(
    tmp_path: Path, native_server: Target | None, making: str, setting: str, said: str
) -> None:
    if native_server is None:
        pytest.skip(NO_SERVER)
    name, login = f"refused_{os.getpid()}", f"refused_{os.getpid()}"
    own = place_on(native_server, tmp_path)
    own.query(f"create role {login} superuser login password 'secret'")
    own.query(f"create database {name} {making}")
    try:
        place = place_on(dataclasses.replace(native_server, database=name, user=login, password="secret"), tmp_path)
        if "nosuperuser" in setting:
            own.query(f"grant create on database {name} to {login}")
        if setting:
            own.query(setting.format(name=name, login=login))
        sources.write(tmp_path / "s.db", "create table t (a integer)")
        load = place.run("python", "-m", "loader.run", "--source", str(tmp_path / "s.db"), check=False)
        if "public" in said:  # of which a load makes no use
            assert load.returncode == 0, load.stderr
        else:
            assert (load.returncode, load.stdout) == (2, "")
            assert said in load.stderr
        build = place.run("dbt", "--no-use-colors", "build", check=False)
        assert build.returncode == 2
        assert said in " ".join(build.stdout.split())
    finally:
        own.query(f"drop database {name} with (force)")
        own.query(f"drop role {login}")


def test_a_role_that_may_not_make_raw_is_refused_and_loads_where_raw_is_its_own(tmp_path: Path) -> None:
    if not native.programs():
        pytest.skip(NO_PROGRAMS)
    sources.write(tmp_path / "s.db", "create table t (a integer)", "insert into t values (7)")
    load = ("python", "-m", "loader.run", "--source", str(tmp_path / "s.db"))
    with native.started(native.programs()[0], native.PLAIN) as target:
        owner = place_on(target, tmp_path)
        poor = place_on(dataclasses.replace(target, user="poor", password="p"), tmp_path)
        owner.query("create role poor login password 'p'")
        done = poor.run(*load, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert "permission denied: the login poor may not make schemas in the target server (poor@" in done.stderr
        owner.query("create schema raw authorization poor")
        poor.run(*load)
        assert owner.query("select a from raw.t") == [(7,)]
