"""What another role has planted in the database never runs with the rights of who loads, builds or judges."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.dbt_ground import source as small_source
from tests.support.places import Place

Make = Callable[[str], AbstractContextManager[Place]]
CATCH = "insert into public.caught values (current_user, {name!r}); "
# Each fits the arguments of some statement of ours better than PostgreSQL's own function or operator of that name.
FUNCTIONS = {
    "step(bigint, bigint)": "bigint",
    "format(text, name)": "text",
    "format(text, name, name)": "text",
    "to_regclass(varchar)": "regclass",
    "set_config(varchar, varchar, boolean)": "text",
    "char_length(varchar)": "integer",
    "pg_try_advisory_xact_lock(integer)": "boolean",
    "hashtext(varchar)": "integer",
    "jsonb_build_object(text, text)": "jsonb",
    "concat_ws(text, text, text)": "text",
    "upper(varchar)": "text",
    "same(bigint, integer)": "boolean",
}
PLANTED = [
    "create table public.caught (who text, way text)",
    "grant insert on public.caught to public",
    *(
        f"create function public.{name} returns {kind} language plpgsql as "
        f"$$ begin {CATCH.format(name=name)} return null; end $$"
        for name, kind in FUNCTIONS.items()
    ),
    "create aggregate public.count(bigint) (sfunc = public.step, stype = bigint, initcond = '0')",
    "create aggregate public.max(bigint) (sfunc = public.step, stype = bigint, initcond = '0')",
    "create aggregate public.sum(bigint) (sfunc = public.step, stype = bigint, initcond = '0')",
    "create operator public.= (leftarg = bigint, rightarg = integer, function = public.same)",
    "create operator public.< (leftarg = bigint, rightarg = integer, function = public.same)",
    "create operator public.>= (leftarg = bigint, rightarg = integer, function = public.same)",
]
FIRST = (
    "create function public.pick(float8, float8, date) returns float8 language plpgsql as "
    f"$$ begin {CATCH.format(name='first')} return $2; end $$",
    "create aggregate public.first(float8, date) (sfunc = public.pick, stype = float8)",
)


@pytest.fixture
def role(make_place: Make) -> Iterator[str]:
    name = f"stranger_{os.getpid()}"
    with make_place("server") as any_place:
        any_place.query(f"create role {name}")
        yield name
        any_place.query(f"drop role {name}")


@contextmanager
def shared(make_place: Make, role: str) -> Iterator[Place]:
    """A place in whose public that role may make things."""
    with make_place("server") as place:
        place.query(f"grant usage, create on schema public to {role}")
        yield place


def plant(place: Place, role: str, *statements: str) -> None:
    place.query(f"set role {role}; " + "; ".join(statements))


def verdict(place: Place, path: Path) -> tuple[int, str]:
    words = ("checkpoint", "run", "phase1", "--source", str(path), "--report", str(path.parent / "report"))
    done = place.run("great_expectations", *words, check=False)
    return done.returncode, done.stdout + done.stderr


def test_overloads_in_public_are_never_called(make_place: Make, role: str, tmp_path: Path) -> None:
    path = small_source(tmp_path / "s.db")
    with shared(make_place, role) as place:
        plant(place, role, *PLANTED)
        for command in (
            ("python", "-m", "loader.run", "--source", str(path)),
            ("dbt", "build"),
            ("python", "-m", "loader.run", "--source", str(path), "--full-refresh"),
            ("dbt", "build", "--full-refresh"),
            ("dbt", "run-operation", "run_policies"),
        ):
            place.run(*command)
        code, said = verdict(place, path)
        assert place.query("select distinct who, way from public.caught") == []
        assert code < 2, said


def test_a_function_named_like_one_of_timescaledb_is_refused(make_place: Make, role: str, tmp_path: Path) -> None:
    path = small_source(tmp_path / "s.db")
    with shared(make_place, role) as place:
        place.run("python", "-m", "loader.run", "--source", str(path))
        place.run("dbt", "build")
        plant(place, role, "create table public.caught (who text, way text)", *FIRST)
        built = place.run("dbt", "--no-use-colors", "build", "--full-refresh", check=False)
        code, said = verdict(place, path)
        assert place.query("select who from public.caught") == []
    name = f"of {role} has the name of one of TimescaleDB's and lies in the same schema"
    assert (built.returncode, code) == (2, 2)
    assert name in " ".join(built.stdout.split())
    assert name in said


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ("create table public.trades (id bigint)", "The relation public.trades belongs to"),
        ("create view public.tickers as select 1 as one", "The relation public.tickers belongs to"),
        ("create schema audit", "The schema audit belongs to"),
        ("create schema canonical", "The schema canonical belongs to"),
        ("create schema factors", "The schema factors belongs to"),
    ],
)
def test_what_a_stranger_has_made_under_our_names_is_refused(
    make_place: Make, role: str, tmp_path: Path, planted: str, named: str
) -> None:
    path = small_source(tmp_path / "s.db")
    with shared(make_place, role) as place:
        place.query(f"grant create on database {place.target.database} to {role}")
        place.run("python", "-m", "loader.run", "--source", str(path))
        plant(place, role, planted)
        built = place.run("dbt", "--no-use-colors", "build", check=False, QUANT_FACTORS="true")
    assert built.returncode == 2
    assert f"{named} {role} in the target server" in " ".join(built.stdout.split())


def test_a_stranger_s_raw_is_refused_by_the_load(make_place: Make, role: str, tmp_path: Path) -> None:
    path = small_source(tmp_path / "s.db")
    with shared(make_place, role) as place:
        place.query(f"grant create on database {place.target.database} to {role}")
        plant(place, role, "create schema raw", "create table raw._loads (load_id bigint primary key)")
        done = place.run("python", "-m", "loader.run", "--source", str(path), check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"belongs to {role} in the target server" in done.stderr


def test_timescaledb_in_a_schema_of_its_own_is_built_on_and_judged(make_place: Make, tmp_path: Path) -> None:
    path = small_source(tmp_path / "s.db")
    with make_place("server") as place:
        place.query("drop extension timescaledb")
        place.query("create schema extensions")
        place.query("create extension timescaledb schema extensions")
        place.run("python", "-m", "loader.run", "--source", str(path))
        place.run("dbt", "build")
        place.run("dbt", "run-operation", "refresh_aggregates")
        code, said = verdict(place, path)
    assert code < 2, said
    assert "Traceback" not in said
