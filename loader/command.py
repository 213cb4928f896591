"""How each command line of the project ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn

NOBODY_READS = 128 + 13  # what a shell says of a program that SIGPIPE ended


def leave(main: Callable[[], int]) -> NoReturn:
    """Run a command line as the whole of this process, and end it with its exit code.

    Where the reader of its output has gone (`| head`) it ends without a word, as other programs do.
    """
    try:
        try:
            code = main()
        except SystemExit as wanted:  # of argparse, after --help or a mistake
            code = int(wanted.code or 0)
        print(end="", flush=True)
    except BrokenPipeError:
        code = NOBODY_READS
    # Python itself would first take its modules apart, a fifth of a second for those of dlt.
    os._exit(code)
