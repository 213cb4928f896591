"""The console script `dbt`: dbt's own, with `.env` read first, from any folder."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from quant import environment
from quant.command import leave
from quant.errors import WELL

PROJECT_FILE = "dbt_project.yml"


def prepare() -> None:
    """Set what dbt reads from the environment: `.env`'s variables, and this project outside of any other."""
    gc.set_threshold(1_000_000)  # half a second of looking through dbt's modules and its manifest, to spare 40 MB
    environment.load()
    # dbt 1.12 would read a .env of its own choice, in some folder above this one
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    here = Path.cwd()
    found = next((folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).exists()), environment.PROJECT)
    if found == environment.PROJECT:
        os.environ.setdefault("DBT_PROJECT_DIR", str(environment.PROJECT))
        os.environ.setdefault("DBT_PROFILES_DIR", str(environment.PROJECT))


def mend_exposures() -> None:
    """Give exposures a schema: dbt 1.12 asks each node that a refused build skips for its own, and stumbled there."""
    from dbt.contracts.graph.nodes import Exposure

    Exposure.schema = ""  # type: ignore[attr-defined]


@contextmanager
def keeping(arguments: Sequence[str]) -> Iterator[bool]:
    """Keep what dbt parses in the block for the checkpoint, which reads the declaration from there.

    The block hears whether it has been kept before.
    """
    from expectations import manifest

    before = manifest.digest()
    try:
        yield manifest.kept(before).exists()
    finally:
        from dbt.flags import get_flags
        from dbt_common.invocation import get_invocation_id

        target = getattr(get_flags(), "TARGET_PATH", None) or "target"  # type: ignore[no-untyped-call]
        manifest.keep(get_invocation_id(), arguments, before, target)


def let_go() -> None:
    """Close dbt's sessions, and remove its locks: those would outlive a process that ends at once."""
    from multiprocessing import util

    from dbt.adapters.factory import reset_adapters

    reset_adapters()  # type: ignore[no-untyped-call]
    util._run_finalizers(0)  # type: ignore[attr-defined]  # as it does where Python ends in its own way


def run() -> int:
    """Run dbt as its command line says.

    Raises:
        SystemExit: at its end, with its exit code.
    """
    prepare()
    from dbt.cli.main import cli

    mend_exposures()
    try:
        with keeping(sys.argv):
            cli()
    finally:
        let_go()
    return WELL


def main() -> NoReturn:
    """Run dbt as the whole of this process."""
    leave(run)


if __name__ == "__main__":
    main()
