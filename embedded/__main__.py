"""`python -m loader.embedded setup|start|stop|restart|status`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from embedded.engine import start, stop
from embedded.folder import Endpoint, engine_folder
from embedded.packages import install
from embedded.status import status
from quant.command import leave
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL, UserError

ACTIONS = {
    "setup": "install the engine's Node packages",
    "start": "start the engine",
    "stop": "stop the engine; the statement that runs may end first",
    "restart": "stop and start",
    "status": "say whether it runs, where, and what it does",
}


def main(arguments: list[str] | None = None) -> int:
    """Does what the command line says. Returns the exit code: 0 done and well, 1 it does not run, 2 could not."""
    parser = argparse.ArgumentParser(prog="python -m loader.embedded", description="The embedded TimescaleDB.")
    actions = parser.add_subparsers(dest="action", required=True)
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text)
        if name != "setup":
            action.add_argument("--folder", type=Path, help="the engine's folder (QUANT_EMBEDDED_DIR, data/embedded)")
    chosen = parser.parse_args(arguments)
    try:
        return _do(chosen.action, getattr(chosen, "folder", None))
    except UserError as error:
        print(error, file=sys.stderr)
        return COULD_NOT_RUN


def _do(action: str, folder: Path | None) -> int:
    if action == "setup":
        install()
        return WELL
    if action == "status":
        return _status(folder)
    if action in ("stop", "restart"):
        stopped = stop(folder)
        print(f"The engine in {engine_folder(folder)} " + ("is stopped." if stopped else "was not running."))
    if action in ("start", "restart"):
        _say_started(start(folder))
    return WELL


def _say_started(endpoint: Endpoint) -> None:
    print(f"The engine runs on {endpoint.host}:{endpoint.port} (process {endpoint.pid}).")


def _status(folder: Path | None) -> int:
    found = status(folder)
    size = f"{found.size / 1e6:,.0f} MB"
    if found.endpoint is None:
        print(f"The engine in {found.folder} does not run ({size}). Start it: python -m loader.embedded start")
        return NOT_WELL
    facts = {
        "address": f"{found.endpoint.host}:{found.endpoint.port}",
        "process": str(found.endpoint.pid),
        "database": f"{found.endpoint.database}, user {found.endpoint.user}",
        "password": f"in {found.folder / 'connection.json'}",
        "version": found.version,
        "data": f"{size} in {found.folder}",
        "clients": f"{found.clients}, {found.waiting} waiting"
        + (f", busy with {found.busy_with}" if found.busy_with else ""),
    }
    for name, value in facts.items():
        print(f"{name:<10}{value}")
    return WELL


if __name__ == "__main__":
    leave(main)
