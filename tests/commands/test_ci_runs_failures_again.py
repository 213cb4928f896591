"""scripts/pytest-twice: a race is reported and does not fail the run; what fails twice does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from quant.paths import PROJECT

ONCE = """
from pathlib import Path
def test_of_chance():
    mark = Path("mark")
    seen = mark.exists()
    mark.touch()
    assert seen
"""
TWICE = "def test_of_fault():\n    assert False\n"
CRASH = "import os\ndef test_that_ends_all():\n    os._exit(1)\n"
INTERRUPT = "import pytest\ndef test_fails():\n    assert False\ndef test_stops():\n    raise KeyboardInterrupt\n"
SOUND = "def test_sound():\n    pass\n"


def outcome(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    (folder / "scripts").mkdir()
    shutil.copy(PROJECT / "scripts" / "pytest-twice", folder / "scripts")
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    (folder / "tests").mkdir()
    for number, test in enumerate(tests):
        (folder / "tests" / f"test_{number}.py").write_text(test)
    return subprocess.run(
        [folder / "scripts" / "pytest-twice", "-n", "2"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_one_that_passes_alone_is_called_flaky(tmp_path: Path) -> None:
    done = outcome(tmp_path, ONCE, SOUND)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FLAKY" in done.stdout
    assert "test_0.py" in done.stdout.partition("FLAKY")[2]
    assert "test_of_chance" in (tmp_path / "reports" / "pytest-first.txt").read_text()
    assert "1 passed" in (tmp_path / "reports" / "pytest-again.txt").read_text()


@pytest.mark.parametrize("tests", [(TWICE, SOUND), (TWICE, ONCE), (INTERRUPT, SOUND)])
def test_one_that_fails_twice_or_ends_the_run_fails_it(tmp_path: Path, tests: tuple[str, ...]) -> None:
    done = outcome(tmp_path, *tests)
    assert done.returncode != 0
    assert "FLAKY" not in done.stdout


def test_a_crash_of_a_worker_fails_the_run(tmp_path: Path) -> None:
    assert outcome(tmp_path, CRASH, SOUND).returncode != 0


def test_without_a_failure_nothing_runs_again(tmp_path: Path) -> None:
    done = outcome(tmp_path, SOUND)
    assert done.returncode == 0
    assert not (tmp_path / "reports" / "pytest-again.txt").exists()
