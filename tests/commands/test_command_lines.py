"""Every command line ends quietly when the reader of its output goes away."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from quant.command import NOBODY_READS
from quant.paths import PROJECT

COMMANDS = (
    "loader.run --help",
    "loader.sample --help",
    "loader.embedded --help",
    "expectations.cli checkpoint list",
    "benchmarks.load --help",
)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_goes_away_is_no_error(command: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=PROJECT,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode in (NOBODY_READS, 0)  # argparse itself says nothing of a message that it cannot write


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def left(body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command whose whole work is that line."""
    return run("-c", f"from quant.command import leave\ndef main():\n    {body}\nleave(main)", **environment)


def test_an_error_that_nobody_foresaw_is_no_verdict() -> None:
    done = left("raise RuntimeError('oh')")
    assert (done.returncode, "RuntimeError: oh" in done.stderr) == (2, True)
    done = left("raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (2, "Interrupted: run it again.\n")


def test_an_interrupt_amid_the_imports_is_a_sentence() -> None:
    done = run("-c", "import quant.command\nraise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (2, "Interrupted: run it again.\n")


def test_what_the_terminal_cannot_show_is_shown_by_its_number() -> None:
    done = left(r"print('\u2026'); return 0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "\\u2026\n")


@pytest.mark.parametrize("given", ["", ",", " , "])
def test_an_option_that_names_no_table_does_not_mean_all(given: str) -> None:
    done = run("-m", "loader.run", "--tables", given)
    assert done.returncode == 2
    assert "names no table" in done.stderr


def test_status_refuses_the_options_of_a_load() -> None:
    done = run("-m", "loader.run", "status", "--json", "--tables", "a")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "loader: status takes no option but --target: leave out the others.\n"


@pytest.mark.parametrize("module", ["loader.run", "expectations.cli", "quant"])
def test_each_command_says_its_version(module: str) -> None:
    done = run("-m", module, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"quant-platform \d+\.\d+\.\d+\n", done.stdout)


def test_misspelt_names_are_guessed(tmp_path: Path) -> None:
    done = run("-m", "expectations.cli", "checkpoint", "run", "phase1", "--only", "fingerprint")
    assert (done.returncode, "in phase1 (do you mean fingerprints?)" in done.stderr) == (2, True)
    with closing(sqlite3.connect(tmp_path / "s.db")) as source:
        source.execute("create table tickers (a)")
    done = run("-m", "loader.run", "--dry-run", "--tables", "ticker", "--source", str(tmp_path / "s.db"))
    assert (done.returncode, "no table 'ticker' (do you mean tickers?)" in done.stderr) == (2, True)
    done = run("-m", "quant", "docter")
    assert (done.returncode, "docter" in done.stderr) == (2, True)


@pytest.mark.parametrize(("script", "usage"), [("demo", "Usage: scripts/demo ROWS DIRT"), ("pictures", "Make the")])
def test_the_scripts_say_what_they_want(script: str, usage: str) -> None:
    done = subprocess.run([PROJECT / "scripts" / script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(usage)


def test_exit_codes_are_those_of_the_command() -> None:
    command = [sys.executable, "-m", "loader.run"]
    told = subprocess.run([*command, "--help"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("for the server.\n")
    assert subprocess.run([*command, "--no-such"], cwd=PROJECT, capture_output=True, check=False).returncode == 2


def test_scripts_find_the_target_under_its_old_name() -> None:
    script = "from loader.target import resolve; print(resolve('server').host)"
    given = {f"POSTGRES_{key}": key.lower() for key in ("HOST", "DB", "USER", "PASSWORD")}
    environment = os.environ | given | {"POSTGRES_PORT": "1"}
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "host\n"), told.stderr
