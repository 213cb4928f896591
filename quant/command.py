"""How each command line of the project ends."""

from __future__ import annotations

import io
import os
import sys
import traceback
from argparse import Action, ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn

from quant.errors import COULD_NOT_RUN


def _seconds(given: str) -> int:
    if not given.isdigit() or not int(given):
        raise ArgumentTypeError(f"{given!r} is no number of seconds: give one from 1, such as 120")
    return int(given)


WAIT_LIMIT: Mapping[str, Any] = {
    "type": _seconds,
    "metavar": "SECONDS",
    "help": "end after waiting so long for a lock or an answer (default 120, or QUANT_WAIT_LIMIT)",
}  # an option of each command that waits for a server
OLDEST = (3, 11)
OWN = ("loader", "quant", "expectations")


class Version(Action):
    """The option --version, which looks it up when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: object) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version of this project and leave")

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        """Print it, and end the program."""
        from importlib import metadata

        try:
            version = metadata.version("quant-platform")
        except metadata.PackageNotFoundError:
            version = "of a checkout that is not installed"
        print(f"quant-platform {version}")
        parser.exit()


NOBODY_READS = 128 + 13  # what a shell says of a program that SIGPIPE ended


def _interrupted() -> int:
    print("Interrupted: run it again.", file=sys.stderr, flush=True)
    return COULD_NOT_RUN


def _hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        os._exit(_interrupted())
    if isinstance(error, ImportError) and _no_environment(error):
        os._exit(COULD_NOT_RUN)
    sys.__excepthook__(kind, error, trace)


def _no_environment(error: ImportError) -> bool:
    """Say what is missing, if it is the environment that `make setup` makes; tell whether it is."""
    here = (error.name or "").partition(".")[0]
    if sys.version_info >= OLDEST and (sys.prefix != sys.base_prefix or here in OWN):
        return False
    python = f"{sys.executable} ({sys.version.split()[0]})"
    said = f"{python} cannot run this project ({error}): run `make setup`, then `source .venv/bin/activate`."
    print(said, file=sys.stderr, flush=True)
    return True


sys.excepthook = _hook  # until `leave`: a command that is interrupted at once is still at its imports


def leave(main: Callable[[], int]) -> NoReturn:
    """Run a command line as the whole of this process, and end it with its exit code.

    Where the reader of its output has gone (`| head`) it ends without a word, as other programs do. What the
    terminal's encoding does not know is printed by its number. An error that nobody foresaw ends it with the code for
    what could not run: Python's own, 1, would say that it is done but not well.
    """
    sys.excepthook = sys.__excepthook__  # drivers print through it what is no end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            code = main()
        except SystemExit as wanted:  # of argparse, after --help or a mistake
            code = int(wanted.code or 0)
        print(end="", flush=True)
    except BrokenPipeError:
        code = NOBODY_READS
    except KeyboardInterrupt:
        code = _interrupted()
    except Exception as error:
        if not (isinstance(error, ImportError) and _no_environment(error)):
            traceback.print_exc()
        code = COULD_NOT_RUN
    # Python itself would first take its modules apart, a fifth of a second for those of dlt.
    os._exit(code)
