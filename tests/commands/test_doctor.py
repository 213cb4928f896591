"""The doctor finds what would keep a command from running, and says what to do; each on a real file or server."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from loader.snapshot import PREFIX
from quant.environment import PROJECT
from tests.support import pooler
from tests.support.places import Place, place_on
from tests.support.sources import write

Make = Callable[[str], AbstractContextManager[Place]]


@pytest.fixture(scope="module")
def server(make_place: Make) -> Iterator[Place]:
    with make_place("server") as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "s.db", "create table t (a integer primary key, b text)", "insert into t values (1, 'x')")


def look(place: Place, path: Path, **more: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and level and sentence by what was looked at."""
    done = place.run("python", "-m", "quant", "doctor", "--json", "--source", str(path), check=False, **more)
    assert done.stderr in ("", "Asking dbt what models/ declares …\n")  # which the first command of all does
    return done.returncode, {one["what"]: (one["level"], one["said"]) for one in json.loads(done.stdout)}


def test_all_is_well_on_a_fresh_target(server: Place, path: Path) -> None:
    _, found = look(server, path)
    wanted = {"Python", "packages", ".env", "leftovers", "source", "damage", "room here", "target", "pooler", "clock"}
    wanted |= {"versions", "preload", "encoding", "may load", "may build", "may verdict", "room there", "old snapshots"}
    assert {what: found[what] for what in wanted if found.get(what, ("", ""))[0] != "ok"} == {}
    lines = server.run("python", "-m", "quant", "doctor", "--source", str(path), check=False).stdout.splitlines()
    assert [line for line in lines if line[6:].split("  ")[0].strip() in wanted] != []
    assert not list(path.parent.glob("s.db-*"))


def test_the_status_of_an_empty_target(make_place: Make) -> None:
    with make_place("server") as empty:
        done = empty.run("python", "-m", "quant", "status", check=False)
    assert (done.returncode, done.stdout.count("none yet")) == (1, 3)


def test_the_status_names_what_could_be_tuned(server: Place) -> None:
    server.query(
        "create table public.large with (autovacuum_enabled = off) as"
        " select g as id, repeat('x', 100) as pad from generate_series(1, 60000) as g;"
        " create index large_id on public.large (id); delete from public.large where id % 2 = 0;"
        " select pg_stat_force_next_flush()"
    )
    try:
        done = server.run("python", "-m", "quant", "status", "--json", check=False)
    finally:
        server.query("drop table public.large")
    found = json.loads(done.stdout)["tuning"]
    unused, dead = (sentence for sentence in found["advice"] if "public.large" in sentence)
    assert unused.startswith("The index large_id on public.large (1 MB) was never asked")
    assert dead.startswith("public.large has 30,000 dead rows beside 30,000, last cleaned never: run `vacuum analyze")
    assert "autovacuum_naptime" in found["autovacuum"]
    ((preloaded,),) = server.query("select current_setting('shared_preload_libraries') ~ 'pg_stat_statements'")
    assert preloaded or found["slowest"] is None


def test_the_engine_is_looked_at_and_not_started(make_place: Make, path: Path, tmp_path: Path) -> None:
    with make_place("embedded") as place:
        code, found = look(place, path)
        assert (found["target"][0], found["may build"][0]) == ("ok", "ok")
        code, found = look(place, path, QUANT_EMBEDDED_DIR=str(tmp_path / "none"))
    assert code in (0, 1)
    assert found["engine"][1].startswith("does not run")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("POSTGRES_PORT", "1", "cannot be reached"),
        ("POSTGRES_PASSWORD", "", "needs POSTGRES_PASSWORD in the environment or in .env"),
        ("POSTGRES_DB", "no_such_database", 'database "no_such_database" does not exist'),
    ],
)
def test_a_target_that_cannot_be_reached(server: Place, path: Path, variable: str, value: str, said: str) -> None:
    code, found = look(server, path, **{variable: value})
    assert (code, found["target"][0]) == (2, "MEND")
    assert said in found["target"][1]


def test_a_file_that_cannot_be_read(server: Place, path: Path, tmp_path: Path) -> None:
    assert "There is no file" in look(server, tmp_path / "none.db")[1]["source"][1]
    broken = write(tmp_path / "b.db", "create table t (a)", "insert into t values (zeroblob(90000))")
    content = bytearray(broken.read_bytes())
    content[4096:4200] = b"\xff" * 104
    broken.write_bytes(bytes(content))
    code, found = look(server, broken)
    assert (code, found["damage"][0]) == (2, "MEND") or found["damage"][0] == "see"
    broken.write_bytes(path.read_bytes()[:5000])
    assert "is truncated" in look(server, broken)[1]["source"][1]


def test_a_file_that_another_program_writes_to(server: Place, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        code, found = look(server, path)
    assert (code, found["lock"][0]) == (1, "see")


def test_what_killed_runs_have_left(server: Place, path: Path, tmp_path: Path) -> None:
    left = Path(tempfile.mkdtemp(prefix=PREFIX, dir=tmp_path))
    (left / "snapshot.db").write_bytes(b"x" * 2_000_000)
    os.utime(left, (time.time() - 3600,) * 2)
    assert look(server, path, TMPDIR=str(tmp_path))[1]["leftovers"][1].startswith("1 snapshot of killed runs, 2 MB")
    assert left.exists()


def test_env_files_are_read_with_care(server: Place, path: Path, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("POSTGRES_PASSWORD=secret\nPOSTGRES_HSOT=db\n")
    code, found = look(server, path, QUANT_ENV_FILE=str(file))
    assert code >= 1
    assert found[".env"][0] == "see"
    file.chmod(0o644)
    text = server.run("python", "-m", "quant", "doctor", check=False, QUANT_ENV_FILE=str(file)).stdout
    assert "sets POSTGRES_HSOT, which nothing reads: do you mean POSTGRES_HOST?" in text
    assert f"chmod 600 {file}" in text


def test_an_environment_that_is_behind_its_lock(server: Place, tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "quant", tmp_path / "quant")
    (tmp_path / "requirements.lock").write_text("psycopg2-binary==0.1\n")
    program = "from quant.commands.checks import machine; print([f.said for f in machine.packages()])"
    done = subprocess.run(
        server.command("python", "-c", program),
        cwd=tmp_path,
        env=server.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "psycopg2-binary is " in done.stdout
    assert ", not 0.1: run `make setup`." in done.stdout


def test_a_pooler_is_noticed(server: Place, path: Path) -> None:
    if pooler.PROGRAM is None:
        pytest.skip(pooler.MISSING)
    with pooler.pooled(server.target) as through:
        code, found = look(dataclasses.replace(server, target=through), path, POSTGRES_PORT=str(through.port))
    assert (code, found["pooler"][0]) == (2, "MEND")


def test_missing_rights_are_told_with_their_grants_by_doctor_and_commands(
    server: Place, path: Path, tmp_path: Path
) -> None:
    login, database = f"plain_{os.getpid()}", server.target.database
    server.run("python", "-m", "loader.run", "--source", str(path))
    server.query(f"create role {login} login password 'secret'")
    try:
        place = place_on(dataclasses.replace(server.target, user=login, password="secret"), tmp_path)
        code, found = look(place, path)
        assert code == 2
        assert f"grant usage, create on schema raw to {login}; grant quant to {login}" in found["may load"][1]
        assert f"grant create on database {database} to {login}" in found["may build"][1]
        assert f"grant select on all tables in schema raw to {login}" in found["may verdict"][1]
        load = place.run("python", "-m", "loader.run", "--source", str(path), check=False)
        assert (load.returncode, load.stdout) == (2, "")
        assert "permission denied: the login" in load.stderr
    finally:
        server.query(f"drop role {login}")
