"""Every command line ends quietly when the reader of its output goes away."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from loader.command import NOBODY_READS
from loader.paths import PROJECT

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


def test_exit_codes_are_those_of_the_command() -> None:
    command = [sys.executable, "-m", "loader.run"]
    told = subprocess.run([*command, "--help"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("for the server.\n")
    assert subprocess.run([*command, "--no-such"], cwd=PROJECT, capture_output=True, check=False).returncode == 2
