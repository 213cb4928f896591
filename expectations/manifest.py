"""The declaration as dbt itself has parsed it: target/manifest.json of the files that are there, and of no others.

dbt's own file may be another branch's, or made with other `--vars`, or half written: it does not say. So what a dbt
command has parsed is kept beside it under a name that is the digest of all that it was made from, and read only by that
name. Where there is none, dbt is asked to parse.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quant import code
from quant.errors import UserError
from quant.paths import PROJECT
from quant.progress import say

FOLDERS = ("macros", "models", "seeds", "tests/generic", "packages")
FILES = ("dbt_project.yml", "packages.yml")
ASKED = re.compile(rb"env_var\(\s*['\"](\w+)")
APART = "integration_tests/"  # of a package: a project of its own
KEPT = 4  # of other branches or environments, which one may go back to
PARTIAL = "partial_parse.msgpack"  # from which dbt parses no more than what has changed since
Manifest = dict[str, Any]


def read(project: Path = PROJECT) -> Manifest:
    """The manifest of the project as its files are now, without `--vars`.

    Raises:
        UserError: when dbt cannot parse it.
    """
    there = kept(digest(project), project)
    with suppress(OSError, ValueError):
        return dict(json.loads(there.read_bytes()))
    return _parse(project, there)


def kept(made_from: str, project: Path = PROJECT) -> Path:
    """Where the manifest with that digest is kept, if it is."""
    return _folder(project) / f"{made_from}.json"


def digest(project: Path = PROJECT) -> str:
    """What a manifest is made from: the files, the environment's variables that they ask for, and dbt's version."""
    digester = sha256(metadata.version("dbt-core").encode())
    names = set()
    for path, content in code.contents(project, FOLDERS, FILES):
        if APART in path:
            continue
        digester.update(path.encode() + b"\0" + content + b"\0")
        names.update(ASKED.findall(content))
    for name in sorted(names):
        digester.update(name + b"=" + os.environ.get(name.decode(), "").encode() + b"\0")
    return digester.hexdigest()[:32]


def keep(invocation: str, arguments: Sequence[str], before: str, target: str, project: Path = PROJECT) -> None:
    """Keep what a dbt command of this process has parsed, unless its files changed meanwhile.

    Args:
        invocation: dbt's id of it, which its manifest bears: another command may have written over that.
        arguments: its command line; `--vars` make another project of it.
        before: the digest when it began.
        target: the folder that it wrote to, as seen from the project.
        project: where it ran.
    """
    there = kept(before, project)
    if there.exists() or any(one.startswith("--vars") for one in arguments):
        return
    with suppress(OSError, ValueError):
        text = (project / target / "manifest.json").read_bytes()
        if json.loads(text)["metadata"]["invocation_id"] == invocation and digest(project) == before:
            _write(there, text)


def _parse(project: Path, there: Path) -> Manifest:
    say("Asking dbt what models/ declares …")
    with TemporaryDirectory(prefix="quant-declared-") as name:
        made, partial = Path(name), there.with_name(PARTIAL)
        if partial.exists():
            shutil.copy(partial, made)
        command = ["--target", "embedded", "--project-dir", str(project), "--profiles-dir", str(project / "profiles")]
        command += ["--target-path", name, "--log-path", name, "--log-level", "error", "--no-use-colors"]
        done = subprocess.run(
            [sys.executable, "-m", "quant.commands.dbt_script", "parse", *command],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = " ".join((done.stdout + done.stderr).split())
            raise UserError(f"dbt cannot parse {project}: {said}")
        text = (made / "manifest.json").read_bytes()
        with suppress(OSError):  # a folder that may not be written costs time alone
            _write(there, text)
            _write(partial, (made / PARTIAL).read_bytes())
    return dict(json.loads(text))


def _write(path: Path, content: bytes) -> None:
    """At one go, for two may write it at once; what is older than the newest few goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}")
    own.write_bytes(content)
    own.replace(path)
    others = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in others[KEPT:]:
        old.unlink(missing_ok=True)


def _folder(project: Path) -> Path:
    return project / "target" / "declared"
