"""This machine: Python, its packages, `.env`, what killed runs have left."""

from __future__ import annotations

import difflib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import embedded
from embedded.packages import node_program
from loader.snapshot import PREFIX
from loader.tempdir import is_held
from quant import environment
from quant.commands.checks import Finding, mend, ok, see
from quant.errors import UserError
from quant.text import counted

OLDEST, NEWEST = (3, 11), (3, 14)
SHOWN = 3  # packages in a sentence
MEMORY = 400e6  # bytes that a load or a verdict takes
WITH_ENGINE = 1000e6  # more for the embedded engine


def python() -> Iterator[Finding]:
    """Its version, and whether it is an environment's."""
    said = f"{sys.version.split()[0]} in {sys.prefix}"
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        yield see("Python", f"{said}: tried were 3.11 to 3.14. Make the environment with one: make setup PYTHON=…")
    else:
        yield ok("Python", said)


def packages() -> Iterator[Finding]:
    """Whether the installed packages are those of the lock."""
    lock = environment.PROJECT / "requirements.lock"
    if not lock.exists():
        yield see("packages", f"{lock} is missing: restore it from the repository.")
        return
    wrong = [
        f"{name} is {found or 'missing'}, not {wanted}" for name, wanted, found in _locked(lock) if found != wanted
    ]
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        yield see("packages", f"{', '.join(wrong[:SHOWN])}{more}: run `make setup`.")
    else:
        yield ok("packages", "as in requirements.lock")


def _locked(lock: Path) -> Iterator[tuple[str, str, str | None]]:
    """Name, locked and installed version of each package that this Python needs."""
    from packaging.requirements import Requirement

    for line in lock.read_text().splitlines():
        if not line or line[0] in " #-":
            continue
        one = Requirement(line.removesuffix("\\"))
        if one.marker is None or one.marker.evaluate():
            try:
                found: str | None = metadata.version(one.name)
            except metadata.PackageNotFoundError:
                found = None
            yield one.name, str(one.specifier).removeprefix("=="), found


def settings() -> Iterator[Finding]:
    """The `.env` that counts here: who may read it, and names that nobody reads."""
    file = environment.load()
    if file is None:
        yield ok(".env", "none here or in the project: the environment and the defaults count")
        return
    told = environment.read(file)
    strange = sorted(
        name
        for name in told
        if name.startswith(("QUANT_", "POSTGRES_", "SPOCK_")) and name not in environment.VARIABLES
    )
    for name in strange:
        near = difflib.get_close_matches(name, environment.VARIABLES, 1)
        hint = f": do you mean {near[0]}?" if near else ", see .env.example."
        yield see(".env", f"{file} sets {name}, which nothing reads{hint}")
    if told.get("POSTGRES_PASSWORD") and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield see(".env", f"{file} holds a password that others on this machine can read: chmod 600 {file}")
    elif not strange:
        past = [name for name in told if os.environ.get(name) != told[name]]
        yield ok(".env", f"{file}" + (f"; the environment wins for {', '.join(past)}" if past else ""))


def memory(with_engine: bool) -> Iterator[Finding]:
    """What is free of it."""
    told = Path("/proc/meminfo")
    if not told.exists():
        return
    lines = dict(line.split(":", 1) for line in told.read_text().splitlines())
    free, wanted = int(lines["MemAvailable"].split()[0]) * 1024, MEMORY + (WITH_ENGINE if with_engine else 0)
    said = f"{free / 1e6:,.0f} MB available, {wanted / 1e6:,.0f} MB wanted"
    yield ok("memory", said) if free > wanted else see("memory", f"{said}: end something else meanwhile.")


def leftovers() -> Iterator[Finding]:
    """Snapshots that killed runs have left, and those of runs at work."""
    found = [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if path.is_dir()]
    held = [path for path in found if is_held(path)]
    left = [path for path in found if path not in held]
    size = sum(file.stat().st_size for path in left for file in _files(path))
    if left:
        yield ok(
            "leftovers",
            f"{counted(len(left), 'snapshot')} of killed runs, {size / 1e6:,.0f} MB: the next run removes them",
        )
    else:
        yield ok("leftovers", "no snapshots of killed runs")
    if held:
        yield ok("at work here", counted(len(held), "run reads its snapshot", "runs read their snapshots"))


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:  # somebody else's, or just removed
        return []


def engine() -> Iterator[Finding]:
    """The embedded engine, which is not started for this."""
    found = embedded.status()
    size = f"{found.size / 1e6:,.0f} MB in {found.folder}"
    if found.endpoint:
        yield ok("engine", f"runs as process {found.endpoint.pid}, {size}")
        return
    try:
        node_program()
    except UserError as error:
        yield mend("engine", str(error))
        return
    yield ok("engine", f"does not run, {size}; the first command starts it")
