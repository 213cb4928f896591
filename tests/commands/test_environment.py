"""`.env`, `.env.example`, compose.yaml and the workflow: they name what the code reads, and the code reads them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from quant import environment
from quant.paths import PROJECT

WITHOUT = {name: value for name, value in os.environ.items() if name not in environment.VARIABLES}
EXAMPLE = PROJECT / ".env.example"
SHOWN = (
    "from quant import environment as e; print([e.get(n) for n in ('POSTGRES_HOST', 'POSTGRES_DB', 'SPOCK_SQLITE')])"
)


def shown(folder: Path, **more: str) -> list[str | None]:
    """Host, database and file as the code reads them in that folder."""
    given = {name: value for name, value in WITHOUT.items() if name != environment.FILE}
    done = subprocess.run(
        [sys.executable, "-c", SHOWN], cwd=folder, env=given | more, capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load(done.stdout.replace("None", "null")))


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("POSTGRES_HOST=of-file\nPOSTGRES_DB='of file'  # said so\nSPOCK_SQLITE=sub/a.db\n")
    path = str(tmp_path / "sub/a.db")
    assert shown(tmp_path) == ["of-file", "of file", path]
    assert shown(tmp_path, POSTGRES_HOST="of-environment") == ["of-environment", "of file", path]
    assert shown(tmp_path, POSTGRES_HOST="") == [None, "of file", path]
    assert shown(tmp_path, QUANT_ENV_FILE="") == [None, None, None]


def test_another_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "production.env").write_text("POSTGRES_HOST=production\n")
    assert shown(PROJECT, QUANT_ENV_FILE=str(tmp_path / "production.env"))[0] == "production"


@pytest.mark.parametrize(
    "command",
    [
        ["python", "-m", "loader.run", "status"],
        ["great_expectations", "checkpoint", "run", "phase1", "--no-report"],
        ["python", "-m", "quant", "test"],
        ["dbt", "--no-use-colors", "build"],
    ],
    ids=["load", "verdict", "package", "dbt"],
)
def test_all_commands_read_it_from_any_folder(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / ".env").write_text(
        "QUANT_TARGET=server\nPOSTGRES_HOST=127.0.0.1\nPOSTGRES_PORT=1\nPOSTGRES_DB=of_the_file\nPOSTGRES_USER=reader\n"
        f"POSTGRES_PASSWORD=x\nSPOCK_SQLITE={tmp_path / 's.db'}\n"
    )
    subprocess.run(
        [sys.executable, "-c", "import sqlite3; sqlite3.connect('s.db').execute('create table t (a)')"],
        cwd=tmp_path,
        check=True,
    )
    given = {name: value for name, value in WITHOUT.items() if name != environment.FILE}
    done = subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=tmp_path,
        env=given | {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "of_the_file" in done.stdout + done.stderr


def code() -> str:
    """All of the code that runs outside of tests."""
    files = [
        PROJECT / "profiles.yml",
        PROJECT / "dbt_project.yml",
        *PROJECT.glob("quant/**/*.py"),
        *PROJECT.glob("loader/**/*.py"),
    ]
    files += [
        *PROJECT.glob("embedded/*.py"),
        *PROJECT.glob("embedded/bridge/*.mjs"),
        *PROJECT.glob("expectations/**/*.py"),
        *PROJECT.glob("profiles/**/*.py"),
        *PROJECT.glob("macros/**/*.sql"),
        *PROJECT.glob("packages/timescale/macros/**/*.sql"),
    ]
    return "\n".join(file.read_text() for file in files if file.name != "environment.py")


def test_the_example_names_exactly_the_variables_that_the_code_reads() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert named == environment.VARIABLES.keys() == environment.read(EXAMPLE).keys()
    read = code()
    assert {name for name in named if not re.search(rf"""["']{name}["']""", read)} == set()
    past = re.findall(r"(?:environ\.get\(|environ\[|getenv\(|env_var\()\s*['\"]([A-Z_]+)", read)
    others = {"TARGET_DB_URL", "NODE_OPTIONS", "PYTHON_DOTENV_DISABLED"}  # set for, or meant for, other programs
    assert set(past) - others <= named, "read past quant.environment, and not told in .env.example"


def test_a_setting_that_nobody_declared_is_refused() -> None:
    with pytest.raises(KeyError, match=r"add it to quant\.environment\.VARIABLES"):
        environment.get("QUANT_NO_SUCH")


def document(path: str) -> dict[str, Any]:
    return dict(yaml.safe_load((PROJECT / path).read_text()))


def test_compose_starts_a_server_that_carries_the_target() -> None:
    service = document("compose.yaml")["services"]["timescaledb"]
    settings = dict(one.removeprefix("--").split("=", 1) for one in service["command"] if one.startswith("--"))
    assert settings["shared_preload_libraries"].split(",") == ["timescaledb", "pg_stat_statements"]
    workers = int(settings["timescaledb.max_background_workers"])
    assert int(settings["max_worker_processes"]) >= workers + int(settings["max_parallel_workers"]) + 3
    assert "pg_isready" in service["healthcheck"]["test"][1]
    assert service["volumes"] == ["database:/var/lib/postgresql/data"]
    assert service["ports"] == ["127.0.0.1:${POSTGRES_PORT:-5432}:5432"]
    used = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "compose.yaml").read_text()))
    assert used == {"POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_PORT"}


def test_the_workflow_runs_every_check_and_the_three_commands_on_the_same_image() -> None:
    [job] = document(".github/workflows/ci.yml")["jobs"].values()
    image = job["services"]["timescaledb"]["image"]
    assert image == document("compose.yaml")["services"]["timescaledb"]["image"]
    assert re.fullmatch(r"timescale/timescaledb:\d+\.\d+\.\d+-pg\d+", image)
    assert job["env"].keys() <= environment.VARIABLES.keys()
    login = job["services"]["timescaledb"]["env"]
    assert {name: job["env"][name] for name in login if name.startswith("POSTGRES_")} == {
        name: value for name, value in login.items() if name.startswith("POSTGRES_")
    }
    lines = [line.strip() for step in job["steps"] for line in step.get("run", "").splitlines()]
    wanted = ["make test", "python -m loader.run", "dbt build", "great_expectations checkpoint run phase1"]
    assert [line for line in lines if line in wanted] == wanted


def test_without_an_environment_a_sentence_says_how_to_make_one() -> None:
    python = next((path for path in ("/usr/bin/python3", "/usr/local/bin/python3") if bare(path)), None)
    if python is None:
        pytest.skip("every Python here has this project's packages")
    for module in ("loader.run", "quant"):
        words = [python, "-m", module, *(["test"] if module == "quant" else [])]
        done = subprocess.run(words, cwd=PROJECT, env=WITHOUT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "cannot run this project (" in done.stderr
        assert "run `make setup`, then `source .venv/bin/activate`." in done.stderr


def bare(python: str) -> bool:
    """Whether that is a Python without the project's packages."""
    return (
        Path(python).exists()
        and subprocess.run([python, "-c", "import psycopg2"], capture_output=True, check=False).returncode != 0
    )
