"""A test of a story that is run alone takes those before it along, for its own target alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from quant.paths import PROJECT

STORY = """
import pytest

pytestmark = pytest.mark.story
TOLD = []


@pytest.fixture(scope="module", params=["embedded", "server"])
def place(request):
    TOLD.clear()
    return request.param


def test_load(place):
    TOLD.append("load")


def test_build(place):
    assert TOLD == ["load"]
    TOLD.append("build")


@pytest.mark.parametrize("suite", ["counts", "values"])
def test_verdict(place, suite):
    assert "build" in TOLD
    TOLD.append(suite)


def test_end(place):
    assert TOLD == ["load", "build", "counts", "values"]


def test_nobody_asked_for_this(place):
    raise AssertionError
"""
CONFTEST = """
from tests.support.stories import pytest_collection_modifyitems as told
import pytest

def pytest_addoption(parser):
    parser.addoption("--backwards", action="store_true")

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    if config.getoption("backwards"):
        items.reverse()

class Stories:
    pytest_collection_modifyitems = staticmethod(told)

def pytest_configure(config):
    config.addinivalue_line("markers", "story: of this test")
    config.pluginmanager.register(Stories())
"""
LAST = "test_story.py::test_end[server]"


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A folder with a story of three steps on two targets, and a fourth that fails."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_story.py").write_text(STORY)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "run"),
    [
        ([LAST], 5),
        (["-k", "test_end"], 10),
        (["--backwards", "-k", "test_load or test_build or test_verdict or test_end"], 10),
        (["test_story.py::test_load[embedded]"], 1),
        (["test_story.py::test_verdict[embedded-values]", LAST], 8),
    ],
    ids=["the last alone", "by name", "backwards", "the first alone", "one of each target"],
)
def test_a_story_is_told_from_its_beginning(told: Path, asked: list[str], run: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", told, "-p", "no:cacheprovider", *asked],
        cwd=told,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{run} passed" in done.stdout
