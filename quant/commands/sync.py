"""`python -m quant sync`: load, build and quick verdict, one after the other; stops where a step could not run."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loader.snapshot import check
from quant.command import WAIT_LIMIT
from quant.commands import journal, quiet
from quant.commands.steps import Step
from quant.environment import PROJECT
from quant.errors import COULD_NOT_RUN, WELL, UserError
from quant.paths import source_path
from quant.progress import say
from quant.server import removal
from quant.server.lock import SYNC, Held, held
from quant.server.watch import wait_limit
from quant.target import TARGETS, Target, resolve
from quant.text import as_json, counted

APPLICATION = "quant sync"  # its name on the server
WORDS = {0: "passed", 1: "done, but something is not well", 2: "could not run"}
EPILOG = """\
exit codes: 0 done and well, 1 done but something is not well, 2 could not run.
With --every or --follow it goes on until it is interrupted, whatever a run ends with.

examples:
  python -m quant sync
  python -m quant sync --follow --on-failure 'mail -s "sync failed" quant@example.com'"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to sync, when, and whom to tell."""
    parser.epilog = EPILOG
    parser.add_argument("--source", metavar="PATH", help="the SQLite file (SPOCK_SQLITE, else data/spock_local.db)")
    parser.add_argument("--target", choices=TARGETS, help="the database (QUANT_TARGET, else embedded)")
    parser.add_argument("--wait-limit", **WAIT_LIMIT)
    parser.add_argument("--whole", action="store_true", help="the whole verdict, every suite, instead of the quick one")
    parser.add_argument(
        "--allow-removal", metavar="A,B", default="", help="tables of which more than 5 %% of the rows may vanish"
    )
    parser.add_argument("--anew", action="store_true", help="also when nothing has changed since the last one")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--every", type=quiet.duration, metavar="TIME", help="again and again: 90s, 15m, 2h, 1d")
    when.add_argument("--follow", action="store_true", help="whenever the file was written and is quiet again")
    parser.add_argument("--on-failure", metavar="CMD", help="a shell command that gets the outcome as JSON on stdin")
    parser.add_argument("--progress", choices=("auto", "bar", "log", "none"), default="auto", help="how to show it")
    parser.add_argument(
        "--log", type=Path, default=PROJECT / "logs" / "sync.log", metavar="PATH", help="(logs/sync.log, kept small)"
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write the report there (reports)")


def run(options: argparse.Namespace) -> int:
    """Sync once, or until interrupted. Returns the exit code of the last run."""
    source = source_path(options.source)
    if options.allow_removal:  # load and build, in its own process, read it there
        os.environ[removal.ALLOWED] = ",".join(removal.allowed(options.allow_removal.split(",")))
    code = WELL
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as a service manager ends it
    with journal.kept(options.log):
        try:
            for _ in _moments(options, source):
                code = _once(options, source)
        except KeyboardInterrupt:  # the way to end one that goes on
            say("sync: ended.")
    return code


def _moments(options: argparse.Namespace, source: Path) -> Iterator[None]:
    if options.follow:
        yield from quiet.after_writes(source)
    elif options.every:
        yield from quiet.every(options.every)
    else:
        yield


def _once(options: argparse.Namespace, source: Path) -> int:
    """One run: all that it does and says."""
    begun = time.monotonic()
    steps: list[Step] = []
    error = unchanged = ""
    try:
        for step in _steps(options, source):
            if step.name == "unchanged":
                unchanged = step.said
            steps.append(step)
    except UserError as failed:
        error = str(failed)
        say(f"sync: {error}")
    except KeyboardInterrupt:
        error = "Interrupted: run it again."
        say(f"sync: {error}")
        if options.every or options.follow:
            raise
    code = max([step.code for step in steps] + [COULD_NOT_RUN if error else WELL])
    seconds = time.monotonic() - begun
    document = {
        "exit_code": code,
        "source": str(source),
        "unchanged": bool(unchanged),
        "seconds": round(seconds, 3),
        "error": error or None,
        "steps": {step.name: asdict(step) for step in steps if step.name != "unchanged"},
    }
    _close(steps, unchanged, code, seconds, options.json, document)
    if code and options.on_failure:
        _tell(options.on_failure, document)
    return code


def _close(
    steps: Sequence[Step], unchanged: str, code: int, seconds: float, in_json: bool, document: dict[str, Any]
) -> None:
    errors = sum(len(step.errors) for step in steps) + bool(document["error"])
    warnings = steps[-1].warnings if steps else 0  # of the verdict, as it says itself; a build tells its own
    rows = next((step.document["rows"] for step in steps if "rows" in step.document), None)
    parts = [unchanged] if unchanged else [f"{rows:,} rows"] if rows is not None else []
    if rejected := next((step.document["rejected"] for step in steps if "rejected" in step.document), 0):
        parts.append(f"{counted(rejected, 'row')} in raw.rejected_rows")
    parts += [counted(errors, "error"), counted(warnings, "warning"), f"{seconds:.1f} s"]
    line = f"sync: {WORDS[code]}: {', '.join(parts)}"
    journal.note(line)
    print(as_json(document) if in_json else line, flush=True)


def _steps(options: argparse.Namespace, source: Path) -> Iterator[Step]:
    from quant.commands.steps import load

    check(source)
    target = resolve(options.target)
    with _alone(target):
        if not (options.anew or options.whole) and (before := load.unchanged(source, target)):
            yield before
            return
        yield from _work(options, source, target)


def _work(options: argparse.Namespace, source: Path, target: Target) -> Iterator[Step]:
    from quant.commands.steps import build, load

    limit = wait_limit(options.wait_limit)
    with build.Build(target.name) as building:
        step = load.load(source, target, options.progress, limit)
        say(f"load: {step.said}")
        yield step
        building.begin()
        # while dbt works, mostly in the server, what the verdict needs is imported
        from quant.commands.steps import verdict

        verdict.prepare()
        step = building.wait(options.progress)
    say(f"build: {step.said}")
    yield step
    if step.code == COULD_NOT_RUN:
        return
    told = ["--source", str(source), "--target", target.name, "--wait-limit", str(limit)]
    told += ["--progress", options.progress]
    told += [] if options.whole else ["--quick"]
    told += ["--report", str(options.report)] if options.report else []
    step = verdict.judge(told)
    say(f"verdict: {step.said}")
    for one in step.errors:
        say(f"verdict: {one}")
    yield step


@contextmanager
def _alone(target: Target) -> Iterator[None]:
    try:
        with held(target, SYNC, APPLICATION):
            yield
    except Held as other:
        raise UserError(f"Another sync is at work on {target} ({other}): wait until it is done.") from other


def _tell(command: str, document: dict[str, Any]) -> None:
    """Have a command of the user's told; that it fails is said, and changes nothing."""
    done = subprocess.run(
        command, shell=True, input=json.dumps(document), text=True, stdout=sys.stderr, stderr=sys.stderr, check=False
    )
    if done.returncode:
        say(f"sync: the command of --on-failure ended with {done.returncode}: {command}")
