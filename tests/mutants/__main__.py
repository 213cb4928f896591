"""`make mutants`: plant one small fault after another in a copy of the project, and see that a test fails.

A test-suite that lets a fault live does not hold what it says. The faults are data (`faults.toml`), each with the
tests that should see it. With `--sound` those tests run without any fault: one that fails then tells nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from quant.command import leave
from quant.errors import NOT_WELL, WELL
from quant.paths import PROJECT
from tests.mutants.faults import Fault, read

BESIDE = ("embedded/node_modules", "target/declared")  # that no version control has, and that take long to make
LIMIT = 1200  # seconds after which a fault that makes its tests hang counts as seen
SHARE = 0.9  # of the faults that have to die
DIED, LIVED, BROKEN = "died", "LIVED", "NOT TRIED"


def main() -> int:
    """Try the faults, print what became of each. Returns the exit code."""
    options = parser().parse_args()
    faults = [fault for fault in read() if not options.words or any(word in fault.name for word in options.words)]
    if not faults:
        print("No fault's file holds such a word.", file=sys.stderr)
        return NOT_WELL
    if options.sound:
        return sound(faults, options.jobs)
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = []
        for fault, (outcome, said) in zip(faults, pool.map(outcome_of, faults), strict=True):
            outcomes.append(outcome)
            print(f"{outcome:9}  {fault.name}", *([said] if outcome == BROKEN else []), sep="\n", flush=True)
    died = outcomes.count(DIED)
    print(f"{died} of {len(faults)} faults died; {outcomes.count(BROKEN)} could not be tried.")
    return WELL if died >= SHARE * len(faults) else NOT_WELL


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    made.add_argument("words", nargs="*", help="only faults in files whose names hold one of these")
    made.add_argument("--jobs", type=int, default=1, help="how many to try at a time (1)")
    made.add_argument("--sound", action="store_true", help="plant nothing, and see that all these tests pass")
    made.epilog = "exit codes: 0 nine of ten faults died, 1 fewer did."
    return made


def sound(faults: list[Fault], jobs: int) -> int:
    """See that the tests of these faults pass where nothing is planted. Returns the exit code."""
    asked = list(dict.fromkeys(fault.tests for fault in faults))
    with ThreadPoolExecutor(jobs) as pool:
        codes = []
        for tests, (code, said) in zip(asked, pool.map(lambda tests: run(tests, None), asked), strict=True):
            codes.append(code)
            print("passed" if code == 0 else f"FAILED\n{said}", *tests, flush=True)
    return NOT_WELL if any(codes) else WELL


def outcome_of(fault: Fault) -> tuple[str, str]:
    """What became of a fault, and the last lines of the tests."""
    try:
        code, said = run(fault.tests, fault)
    except subprocess.TimeoutExpired:
        return DIED, "no end"
    return {0: LIVED, 1: DIED}.get(code, BROKEN), said


def run(tests: Sequence[str], fault: Fault | None) -> tuple[int, str]:
    """The exit code of tests in a copy of the project, with that fault in it, and their last lines."""
    with copied() as folder:
        if fault:
            path = folder / fault.file
            path.write_text(fault.planted(path.read_text(encoding="utf-8")), encoding="utf-8")
        kind = "server" if os.environ.get("POSTGRES_HOST") else "embedded"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *tests],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder), "QUANT_TEST_PLACES": kind},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
    return done.returncode, "\n".join((done.stdout + done.stderr).splitlines()[-5:])


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the files that are under version control, and of what they need beside them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="quant-mutant-") as made:
        folder = Path(made)
        for name in filter(None, listed.split("\0")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name, follow_symlinks=False)
        for name in filter(lambda name: (PROJECT / name).exists(), BESIDE):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).symlink_to(PROJECT / name)
        yield folder


if __name__ == "__main__":
    leave(main)
