"""Four roles, each with what it needs and no more: everybody logs in and tries what is forbidden."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg2
import pytest

from tests.support.places import Place, place_on

Make = Callable[[str], AbstractContextManager[Place]]
KINDS = ("load", "build", "read", "app")
PREFIX = f"t{os.getpid()}"


@pytest.fixture(scope="module")
def logins(make_place: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    """A place for each kind of login, and the superuser's, after a load and a build by those whose work it is."""
    room = tmp_path_factory.mktemp("roles")
    source = str(room / "s.db")
    with make_place("server") as owner:
        named = [(kind, f"{PREFIX}_{kind}_login") for kind in KINDS]
        try:
            for _, login in named:
                owner.query(f"create role {login} login password 'secret'")
            grants = [word for kind, login in named for word in ("--grant", f"{login}={kind}")]
            for _ in range(2):  # twice is once
                done = owner.run("python", "-m", "quant", "roles", "--prefix", PREFIX, *grants)
            assert f"{PREFIX}_app" in done.stdout
            found = {
                kind: place_on(dataclasses.replace(owner.target, user=login, password="secret"), room)
                for kind, login in named
            }
            owner.run("python", "-m", "loader.sample", "--rows", "5000", "--dirt", "none", "--output", source)
            found["load"].run("python", "-m", "loader.run", "--source", source)
            found["build"].run("dbt", "build")
            yield {
                name: dataclasses.replace(place, environment=place.environment | {"SPOCK_SQLITE": source})
                for name, place in (found | {"owner": owner}).items()
            }
        finally:
            for _, login in named:
                owner.query(
                    f"reassign owned by {login} to {owner.target.user}; drop owned by {login}; drop role {login}"
                )
            for kind in KINDS:
                owner.query(f"drop owned by {PREFIX}_{kind}; drop role {PREFIX}_{kind}")


ALLOWED = {
    "load": ["select count(*) from raw._loads", "select count(*) from audit.build_state"],
    "build": ["select count(*) from raw.ohlcv_data", "create table public.made (a int); drop table public.made"],
    "read": [
        "select count(*) from public.ohlcv_data",
        "select count(*) from public.ohlcv_monthly",
        "select count(*) from raw.ohlcv_data",
        "select count(*) from audit.conservation",
    ],
    "app": [
        "update public.trades set price = price",
        "select count(*) from public.ohlcv_yearly",
        "insert into public.strategies (name) values ('a'); delete from public.strategies",
    ],
}
FORBIDDEN = {
    "load": ["select count(*) from public.ohlcv_data", "create table public.t (a int)", "delete from audit.quarantine"],
    "build": ["delete from raw.ohlcv_data", "create table raw.t (a int)", "drop table raw.trades"],
    "read": [
        "delete from public.trades",
        "insert into audit.verdicts default values",
        "create table public.t (a int)",
        "update raw.trades set price = 0",
        "create schema s",
    ],
    "app": [
        "select count(*) from raw.trades",
        "select count(*) from audit.quarantine",
        "create table public.t (a int)",
        "drop table public.trades",
        "truncate public.trades",
        "alter table public.trades add column x int",
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_may_what_it_needs_and_no_more(logins: dict[str, Place], kind: str) -> None:
    for statement in ALLOWED[kind]:
        logins[kind].query(statement)
    for statement in FORBIDDEN[kind]:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            logins[kind].query(statement)


def test_each_runs_its_own_command_again_and_no_other(logins: dict[str, Place]) -> None:
    logins["load"].run("python", "-m", "loader.run", "--full-refresh")
    logins["build"].run("dbt", "build", "--select", "trades")
    verdict = ("great_expectations", "checkpoint", "run", "phase1", "--quick", "--no-report")
    logins["read"].run(*verdict)
    refused = logins["app"].run(*verdict, check=False)
    assert refused.returncode == 2
    assert "permission denied: the login" in refused.stderr
    refused = logins["build"].run("python", "-m", "loader.run", check=False)
    assert refused.returncode == 2
    assert f"grant usage, create on schema raw to {PREFIX}_build_login" in refused.stderr
    refused = logins["load"].run("dbt", "build", check=False)
    assert refused.returncode == 2
    assert f"grant create on database {logins['owner'].target.database} to" not in refused.stdout.split("public")[0]
    assert f"to {PREFIX}_load_login" in refused.stdout


def test_what_is_made_later_can_be_read_and_written(logins: dict[str, Place]) -> None:
    logins["build"].query("create table public.later (id int generated always as identity, a int)")
    try:
        logins["app"].query("insert into public.later (a) values (1)")
        assert logins["read"].query("select a from public.later") == [(1,)]
    finally:
        logins["build"].query("drop table public.later")


def test_the_doctor_knows_who_may_what(logins: dict[str, Place]) -> None:
    wanted = {"load": "load", "build": "build", "read": "verdict"}
    for kind, may in wanted.items():
        said = logins[kind].run("python", "-m", "quant", "doctor", check=False).stdout
        assert f"ok    may {may:<10}{PREFIX}_{kind}_login" in said


def test_only_a_superuser_makes_roles_and_misspelt_kinds_are_refused(logins: dict[str, Place]) -> None:
    done = logins["build"].run("python", "-m", "quant", "roles", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no superuser of" in done.stderr
    done = logins["owner"].run("python", "-m", "quant", "roles", "--grant", "a=reed", check=False)
    assert (done.returncode, "kinds are load, build, read, app" in done.stderr) == (2, True)
    done = logins["owner"].run(
        "python", "-m", "quant", "roles", "--prefix", PREFIX, "--grant", "nobody_x=read", check=False
    )
    assert (done.returncode, 'role "nobody_x" does not exist' in done.stderr) == (2, True)


def test_a_strangers_table_is_still_refused(logins: dict[str, Place]) -> None:
    owner, stranger = logins["owner"], f"{PREFIX}_stranger"
    owner.query(
        f"create role {stranger}; create table raw.strange (a int); alter table raw.strange owner to {stranger}"
    )
    try:
        done = logins["build"].run("dbt", "build", "--select", "trades", check=False)
        assert done.returncode == 2
        assert f"belongs to {stranger}" in " ".join(done.stdout.split())
    finally:
        owner.query(f"drop table raw.strange; drop role {stranger}")
