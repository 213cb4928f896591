"""The examples call commands that exist, with options that they take, and settings that the code reads."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from quant import cli, environment
from quant.environment import PROJECT

EXAMPLES = PROJECT / "examples"
CALL = re.compile(r"python -m quant (.+)")


def called(text: str) -> list[list[str]]:
    """The arguments of each call of `python -m quant`."""
    found = [match[1].split(" >")[0] for match in map(CALL.search, text.splitlines()) if match]
    return [shlex.split(one) for one in found]


def test_each_example_has_a_test() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir()) == [
        "crontab",
        "github-actions.yml",
        "grafana",  # by test_monitoring.py
        "prometheus",
        "quant-sync.service",
        "quant-sync.timer",
    ]


@pytest.mark.parametrize("name", ["crontab", "github-actions.yml", "quant-sync.service"])
def test_the_calls_are_understood(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    calls = called((EXAMPLES / name).read_text())
    assert ["sync"] in [words[:1] for words in calls]
    for words in calls:
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "--help"])
        assert ended.value.code == 0, capsys.readouterr().err
        with pytest.raises(SystemExit):
            cli.main([*words, "--no-such-option"])
        assert capsys.readouterr().err.rstrip().endswith("unrecognized arguments: --no-such-option")


def test_the_lines_of_the_crontab_have_five_times_and_a_command() -> None:
    lines = [line for line in (EXAMPLES / "crontab").read_text().splitlines() if line and line[0] != "#"]
    settings = [line for line in lines if re.match(r"[A-Z]+=", line)]
    for line in lines[len(settings) :]:
        times, command = line.split(None, 5)[:5], line.split(None, 5)[5]
        assert all(re.fullmatch(r"[\d*,/-]+", one) for one in times)
        assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0


def test_the_units_belong_together(tmp_path: Path) -> None:
    units = {}
    for name in ("service", "timer"):
        unit = configparser.ConfigParser(strict=False)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read(EXAMPLES / f"quant-sync.{name}")
        units[name] = unit
    assert units["service"]["Service"]["Type"] == "oneshot"
    assert "OnCalendar" in units["timer"]["Timer"]
    folder = units["service"]["Service"]["WorkingDirectory"]
    assert units["service"]["Service"]["ExecStart"].startswith(f"{folder}/.venv/bin/python -m quant sync")
    if shutil.which("systemd-analyze"):
        for name in ("service", "timer"):
            text = (EXAMPLES / f"quant-sync.{name}").read_text().replace(f"{folder}/.venv/bin/python", "/bin/true")
            (tmp_path / f"quant-sync.{name}").write_text(text.replace(folder, "/").replace("User=quant", "User=root"))
        done = subprocess.run(
            ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_the_workflow_sets_what_the_code_reads() -> None:
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    [job] = workflow["jobs"].values()
    assert job["env"].keys() <= environment.VARIABLES.keys()
    assert next(step["run"] for step in job["steps"] if "run" in step) == "make setup EMBEDDED="
