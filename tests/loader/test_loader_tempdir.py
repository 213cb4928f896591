"""Temporary folders: a killed run's is removed by the next one, a working run's is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loader.tempdir import YOUNG, temporary_folder

HOLDER = """
import sys, time
from pathlib import Path
from loader.tempdir import temporary_folder
with temporary_folder("spock-test-", Path(sys.argv[1])) as made:
    (made / "snapshot.db").write_text("as large as the source")
    print(made, flush=True)
    time.sleep(600)
"""


@contextmanager
def holder(within: Path) -> Iterator[Path]:
    """The folder of another process, which is killed at the end."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(within)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Path(process.stdout.readline().strip())
        finally:
            process.kill()


def aged(folder: Path) -> Path:
    made = folder.stat().st_mtime - YOUNG - 1
    os.utime(folder, (made, made))
    return folder


def test_a_killed_run_leaves_its_folder_to_the_next_one(tmp_path: Path) -> None:
    with holder(tmp_path) as left:
        pass
    assert (aged(left) / "snapshot.db").exists()
    with temporary_folder("spock-test-", tmp_path) as made:
        assert list(tmp_path.iterdir()) == [made]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_at_work_or_of_another_name_stays(tmp_path: Path) -> None:
    other = tmp_path / "spock-tests-are-mine"
    other.mkdir()
    with holder(tmp_path) as held:
        aged(held)
        aged(other)
        with temporary_folder("spock-test-", tmp_path):
            assert (held / "snapshot.db").exists()
            assert other.exists()


def test_a_folder_that_was_just_made_stays(tmp_path: Path) -> None:
    (tmp_path / "spock-test-new").mkdir()
    with temporary_folder("spock-test-", tmp_path):
        assert (tmp_path / "spock-test-new").exists()
