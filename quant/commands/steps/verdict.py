"""The verdict of a sync: that of `great_expectations checkpoint run phase1 --quick`."""

from __future__ import annotations

from collections.abc import Sequence

from expectations import cli
from quant.commands.steps import Step
from quant.errors import UserError

CHECKPOINT = "phase1"


def judge(arguments: Sequence[str]) -> Step:
    """Compare, and keep the verdict in the target and in a report.

    Args:
        arguments: of `checkpoint run phase1`.

    Raises:
        UserError: when it could not run.
    """
    options = cli.parser().parse_args(["checkpoint", "run", CHECKPOINT, *arguments])
    try:
        verdict, _ = cli.judge(options, "sync")
    except cli.driver_errors() as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"The target failed while it was read: {said}. See that it is up, and run again.") from error
    errors = tuple(
        f"{check.suite}: {check.description}: {'; '.join([check.error] if check.error else check.problems[:3])}"
        for check in (*verdict.errors, *verdict.failures)
    )
    return Step("verdict", verdict.exit_code, verdict.line, errors, len(verdict.warnings), verdict.document())


def prepare() -> None:
    """Import what takes seconds to import; nothing else may import meanwhile."""
    import pandas  # noqa: F401  first: pyarrow imports it when it makes an array of a list

    from expectations import checkpoint  # noqa: F401
