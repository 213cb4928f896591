"""`python -m quant plan`: what a build would do, told by a build that is rolled back."""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from quant.command import WAIT_LIMIT
from quant.commands.dbt_script import let_go, prepare
from quant.errors import NOT_WELL, WELL, UserError
from quant.progress import say
from quant.target import TARGETS, resolve
from quant.text import as_json, counted, printable

if TYPE_CHECKING:
    from dbt.adapters.quant.rehearsal import Step

QUARANTINE = "audit.quarantine"
OWN = ("staging", "audit", "raw", "factors")  # schemas whose rows are none that applications read
WHAT = ("--no-write-json", "--log-level", "none", "--log-level-file", "info", "build", "--threads", "1")
MODELS = ("--resource-type", "model", "--resource-type", "seed")
SHOWN, WIDTH = 12, 80  # definitions without --verbose, columns of a terminal
REBUILT = "REBUILT"  # what an aggregate's model says that is made anew


@dataclass
class Rows:
    """Of one table: rows that a build would insert or update, remove, and set apart."""

    write: int = 0
    remove: int = 0
    quarantine: int = 0


@dataclass
class Plan:
    """What a build would do.

    Attributes:
        tables: rows by table, those with none left out.
        definitions: the SQL that would make or change tables, views, constraints and comments.
        rebuilt: aggregates that would be made anew.
        refreshed: aggregates of which what changed would be computed again.
        errors: sentences of dbt's; not empty when a build would fail.
    """

    tables: dict[str, Rows] = field(default_factory=dict)
    definitions: list[str] = field(default_factory=list)
    rebuilt: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def text(self, verbose: bool) -> str:
        """For people, in lines of 80 columns."""
        lines = [f"{'table':44}{'write':>12}{'remove':>12}{'quarantine':>12}"] if self.tables else []
        lines += [
            f"{name:44}{one.write:>12,}{one.remove:>12,}{one.quarantine:>12,}" for name, one in self.tables.items()
        ]
        shown = self.definitions if verbose else self.definitions[:SHOWN]
        lines += [printable(one if verbose else shorten(one, WIDTH, placeholder=" …")) for one in shown]
        if more := len(self.definitions) - len(shown):
            lines.append(f"… and {counted(more, 'more definition')} (-v shows them).")
        if self.rebuilt:
            lines.append(f"Made anew, from all rows: {', '.join(self.rebuilt)}.")
        rows = sum(one.write + one.remove for one in self.tables.values())
        apart = sum(one.quarantine for one in self.tables.values())
        lines += [
            "",
            f"Nothing was kept. A build would write or remove {counted(rows, 'row')}, set {apart:,} apart in",
            f"{QUARANTINE}, make {counted(len(self.definitions), 'definition')}, and "
            f"{counted(len(self.rebuilt), 'aggregate')} anew.",
        ]
        return "\n".join(lines)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which target, and the variables of the build."""
    parser.add_argument("--target", choices=TARGETS, help="the database (QUANT_TARGET, else embedded)")
    parser.add_argument("--wait-limit", **WAIT_LIMIT)
    parser.add_argument("--vars", metavar="YAML", help="of dbt, as the build will get them")
    parser.add_argument("--select", metavar="MODELS", help="of these models only, as `dbt build --select` would")
    parser.add_argument("--full-refresh", action="store_true", help="as `dbt build --full-refresh` would")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every definition, whole")
    parser.epilog = """\
The build's own statements run in one transaction, which is rolled back: it takes as long as the build, and locks what
that locks. Procedures that refresh and compress are not called.

exit codes: 0 the build would do well, 1 it would fail, 2 could not run."""


def run(options: argparse.Namespace) -> int:
    """Rehearse, and show it. Returns the exit code."""
    if options.wait_limit:
        os.environ["QUANT_WAIT_LIMIT"] = str(options.wait_limit)
    target = resolve(options.target)
    told = ["--target", target.name]
    told += ["--vars", options.vars] if options.vars else []
    told += ["--select", *options.select.split()] if options.select else []
    told += ["--full-refresh"] if options.full_refresh else []
    found = rehearse(told)
    for error in found.errors:
        say(f"plan: {error}")
    print(as_json(asdict(found)) if options.json else found.text(options.verbose))
    return NOT_WELL if found.errors else WELL


def rehearse(arguments: Sequence[str]) -> Plan:
    """Run a build that is not kept.

    Args:
        arguments: of `dbt build`.

    Raises:
        UserError: when it could not run.
    """
    prepare()
    from dbt.adapters.quant import QuantConnectionManager
    from dbt.cli.main import dbtRunner

    QuantConnectionManager.rehearsed = True
    done = dbtRunner().invoke([*WHAT, *MODELS, *arguments])
    let_go()
    if done.exception or QuantConnectionManager.rehearsal is None:
        said = " ".join(str(done.exception).split()).removeprefix("Runtime Error ")
        raise UserError(said)
    results: Any = done.result
    found = Plan(errors=[" ".join(one.message.split()) for one in results if one.status in ("error", "fail")])
    for one in results:
        if one.status == "success" and one.node.config.materialized == "continuous_aggregate":
            said = one.adapter_response.get("code") or one.adapter_response.get("_message")
            (found.rebuilt if said == REBUILT else found.refreshed).append(one.node.name)
    _collect(QuantConnectionManager.rehearsal.steps, found)
    return found


def _collect(steps: Sequence[Step], found: Plan) -> None:
    tables: dict[str, Rows] = defaultdict(Rows)
    for step in steps:
        if step.action == "define":
            found.definitions.append(" ".join(step.sql.split()))
        elif step.action == "insert into" and step.relation == QUARANTINE:
            tables[step.node].quarantine += step.rows
        elif step.relation.partition(".")[0] in OWN:
            continue
        elif step.action == "delete from":
            tables[step.relation.partition(".")[2]].remove += step.rows
        elif step.action == "insert into":
            tables[step.relation.partition(".")[2]].write += step.rows
    found.tables = {name: tables[name] for name in sorted(tables) if any(asdict(tables[name]).values())}
