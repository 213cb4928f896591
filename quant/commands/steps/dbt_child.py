"""dbt in a process of its own: it parses at once, and builds when it is told to.

dbt, dlt and Great Expectations take seconds to import, hold Python's lock meanwhile, and stumble over one another when
two threads import at once. Beside the load, dbt's share of it costs nothing on a second core. What it finds is told in
lines of JSON on stdout.
"""

from __future__ import annotations

import json
import sys
from threading import Lock
from typing import Any

from quant.command import leave
from quant.commands.dbt_script import keeping, let_go, mend_exposures, prepare
from quant.errors import COULD_NOT_RUN, NOT_WELL, WELL

GO = "build\n"
BUILT = ("model", "test", "seed")  # exposures are listed with them, and nothing is done for one
_telling = Lock()
# What the verdict asks of the same tables a second later; and unit tests, which ask the code, that no night changes.
ASKED_AGAIN = ("rows_are_conserved", "nothing_is_lost")
LEFT_OUT = ("--exclude-resource-type", "unit_test", "--exclude", *(f"test_name:{name}" for name in ASKED_AGAIN))
QUIET = ("--log-level", "none", "--log-level-file", "info", "--no-use-colors")


def tell(**told: Any) -> None:
    """A line for the process that waits, from any of dbt's threads."""
    with _telling:
        print(json.dumps(told), flush=True)


def parse_and_build(arguments: list[str]) -> int:
    """Parse, wait for the word, build, both with these arguments. Returns dbt's exit code."""
    prepare()
    from dbt.cli.main import dbtRunner

    mend_exposures()
    with keeping(arguments) as kept:
        unwritten = ["--no-write-json"] if kept else []  # a fifth of a second, and nobody reads it
        parsed = dbtRunner(callbacks=[_hear]).invoke([*QUIET, *unwritten, "parse", *arguments])
    if not parsed.success:
        tell(error=str(parsed.exception or "dbt could not parse the project"))
        return COULD_NOT_RUN
    if sys.stdin.readline() != GO:
        return COULD_NOT_RUN
    manifest: Any = parsed.result
    wanted = [node for node in manifest.nodes.values() if _test(node) not in ASKED_AGAIN]
    tell(nodes=sum(_is_run(node.resource_type, node.config.materialized) for node in wanted))
    built = dbtRunner(manifest=manifest, callbacks=[_hear]).invoke([*QUIET, "build", *LEFT_OUT, *arguments])
    if built.success:
        return WELL
    if built.exception:
        tell(error=" ".join(str(built.exception).split()))
    return COULD_NOT_RUN if built.exception else NOT_WELL


def main() -> int:
    """The whole of the process, as its command line says. Returns dbt's exit code."""
    code = parse_and_build(sys.argv[1:])
    let_go()
    return code


def _test(node: Any) -> str:
    """The name of a generic test; empty for what is none."""
    about = getattr(node, "test_metadata", None)
    return about.name if about else ""


def _is_run(kind: str, materialized: str) -> bool:
    return kind in BUILT and materialized != "ephemeral"


def _hear(event: Any) -> None:
    """Tell how far the build is, and what failed in it."""
    name = event.info.name
    if name == "NodeFinished" and _is_run((told := event.data.node_info).resource_type, told.materialized):
        tell(node=told.node_name, status=str(told.node_status))
    elif event.info.level == "error" and name in ("RunResultError", "RunResultFailure", "GenericExceptionOnRun"):
        tell(error=" ".join(event.info.msg.split()))


if __name__ == "__main__":
    leave(main)
