"""The build of a sync: started at once, so that dbt has parsed when the load is done."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from types import TracebackType

from quant.commands.steps import Step
from quant.commands.steps.dbt_child import GO
from quant.errors import COULD_NOT_RUN
from quant.progress import progress, say
from quant.text import counted

CHILD = "quant.commands.steps.dbt_child"


class Build:
    """dbt, waiting to build; ended with the block in which it was started."""

    def __init__(self, target: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", CHILD, "--target", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._begun = False

    def __enter__(self) -> Build:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind or not self._begun:
            self._process.terminate()
        with suppress(OSError):
            self._process.communicate()

    def begin(self) -> None:
        """Have it build."""
        self._begun = True
        if self._process.stdin:
            with suppress(OSError):  # it has ended already, and says why
                self._process.stdin.write(GO)
                self._process.stdin.flush()

    def wait(self, shown: str) -> Step:
        """Wait for its end.

        Args:
            shown: how progress is shown.
        """
        begun = monotonic()
        errors: list[str] = []
        warnings = done = 0
        for told in self._told(shown):
            if "error" in told:
                errors.append(str(told["error"]))
                say(f"build: {told['error']}")
            done += "node" in told
            warnings += told.get("status") == "warn"
        code = self._process.wait()
        seconds = monotonic() - begun
        if code not in (0, 1, 2):
            code = COULD_NOT_RUN
            errors.append("dbt was ended")
        said = (
            f"{counted(done, 'node')}, {counted(len(errors), 'error')}, {counted(warnings, 'warning')}, {seconds:.1f} s"
        )
        document = {"nodes": done, "errors": errors, "warnings": warnings, "seconds": round(seconds, 3)}
        return Step("build", code, said, tuple(errors), warnings, document)

    def _told(self, shown: str) -> Iterator[dict[str, object]]:
        assert self._process.stdout
        lines = (json.loads(line) for line in self._process.stdout if line.startswith("{"))
        first = []
        for told in lines:
            first.append(told)
            if "nodes" in told or "error" in told:
                break
        yield from first
        total = int(first[-1].get("nodes", 0)) if first else 0
        with progress(shown, total, "nodes") as bar:
            for told in lines:
                if "node" in told:
                    bar.advance(str(told["node"]), 1)
                yield told
