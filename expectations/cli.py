"""`great_expectations checkpoint run phase1`: the command line that Great Expectations 1.x no longer has."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NoReturn

from expectations import preflight
from quant.command import WAIT_LIMIT, Version, leave
from quant.errors import COULD_NOT_RUN, WELL, UserError
from quant.paths import PROJECT, as_text, source_path
from quant.target import TARGETS
from quant.text import as_json, counted, meant, printable

if TYPE_CHECKING:
    from expectations.report import Facts, Occasion
    from expectations.session import Session
    from expectations.verdict import TableLine, Verdict

DATA_DOCS = PROJECT / "reports" / "data_docs"
RULES = 20  # weakened rules that are listed one by one
QUICK = ("counts", "fingerprints", "health")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0 passed, 1 failed, 2 could not run."""
    chosen = parser().parse_args(arguments)
    try:
        if chosen.action == "list":
            return _list(chosen)
        verdict, written = judge(chosen)
        _show(verdict, written, chosen)
        return verdict.exit_code
    except UserError as error:
        print(printable(str(error)), file=sys.stderr)
        return COULD_NOT_RUN
    except driver_errors() as error:
        said = str(error).strip().splitlines()[0]
        print(f"The target failed while it was read: {said}. See that it is up, and run again.", file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        print("Interrupted: nothing was changed, run it again.", file=sys.stderr)
        return COULD_NOT_RUN


def driver_errors() -> tuple[type[Exception], ...]:
    """What the database drivers raise; asked only when something was raised, for importing them takes time."""
    import adbc_driver_manager
    import psycopg2

    return (psycopg2.Error, adbc_driver_manager.Error)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="great_expectations", description="Verify the migrated database.")
    parser.add_argument("--version", action=Version)
    areas = parser.add_subparsers(dest="area", required=True, metavar="checkpoint")
    area = areas.add_parser("checkpoint", help="list or run checkpoints")
    actions = area.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="list the checkpoints and their suites")
    running = actions.add_parser(
        "run",
        help="run a checkpoint",
        description="Compare source, raw and public. Exit codes: 0 passed, 1 failed, 2 could not run.",
        epilog="The report of a whole run is NAME.html, .md and .json; one of --quick is NAME-quick.html, and one of "
        "--only NAME-SUITE.html: neither replaces the report of a whole run. Each is kept under a name with target and "
        "time, too.",
    )
    running.add_argument("name", help="the checkpoint, such as phase1")
    running.add_argument("--source", metavar="PATH", help="the SQLite file (SPOCK_SQLITE, else data/spock_local.db)")
    running.add_argument("--target", choices=TARGETS, help="the database (QUANT_TARGET, else embedded)")
    running.add_argument("--wait-limit", **WAIT_LIMIT)
    running.add_argument("--progress", choices=("auto", "bar", "log", "none"), default="auto", help="how to show it")
    part = running.add_mutually_exclusive_group()
    part.add_argument("--quick", action="store_true", help=f"only the suites {', '.join(QUICK)}")
    part.add_argument("--only", metavar="SUITE", action="append", help="run this suite alone; may be repeated")
    reporting = running.add_mutually_exclusive_group()
    reporting.add_argument("--report", metavar="DIR", type=Path, help="write the report there (reports)")
    reporting.add_argument("--no-report", action="store_true", help="write no report")
    running.add_argument(
        "--data-docs",
        metavar="DIR",
        type=Path,
        nargs="?",
        const=DATA_DOCS,
        help=f"write Great Expectations' own pages there too ({DATA_DOCS.relative_to(PROJECT)})",
    )
    running.add_argument("-v", "--verbose", action="store_true", help="say more")
    for one in (listing, running):
        one.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    return parser


def _list(chosen: argparse.Namespace) -> int:
    known = preflight.checkpoints()
    if chosen.json:
        print(json.dumps({one.name: one.suites for one in known}, indent=1))
        return WELL
    for one in known:
        print(one.name)
        for suite, count in one.suites.items():
            print(f"  {suite:<14}{count} expectations")
    return WELL


def _suites(chosen: argparse.Namespace, declared: preflight.Declared) -> list[str]:
    for name in chosen.only or ():
        if name not in declared.suites:
            raise UserError(
                f"There is no suite {name!r} in {declared.name}{meant(name, declared.suites)}; there are "
                f"{', '.join(declared.suites)}."
            )
    wanted = chosen.only or [name for name in declared.suites if not chosen.quick or name in QUICK]
    return [name for name in declared.suites if name in wanted]


def judge(chosen: argparse.Namespace, command: str = "checkpoint") -> tuple[Verdict, list[Path]]:
    """Run a checkpoint, keep its verdict in the target, and write its report.

    Args:
        chosen: the options of `checkpoint run`.
        command: what asks for it.

    Returns:
        The verdict, and the files of the report.

    Raises:
        UserError: when it cannot be run.
    """
    begun, began = time.monotonic(), datetime.now(UTC)
    declared = preflight.checkpoint(chosen.name)
    suites = _suites(chosen, declared)
    gc.set_threshold(100_000)  # else half a second goes into looking through the modules of Great Expectations
    # Everything below takes time to import; argument errors and `list` need not wait for it.
    from expectations import catalog, history, proofs, report
    from expectations.session import open_session
    from expectations.verdict import Verdict
    from loader import snapshot
    from quant import standbys, target
    from quant.server.watch import wait_limit, watching

    snapshot.check(source := source_path(chosen.source))
    folder = None if chosen.no_report else chosen.report or PROJECT / "reports"
    for written_to in filter(None, (folder, chosen.data_docs)):
        report.prepare(written_to)
    tables = catalog.read()
    preflight.ask_tables(declared, tables)
    primary = target.resolve(chosen.target)
    database, limit = standbys.to_read(primary), wait_limit(chosen.wait_limit)
    with snapshot.open_snapshot(source) as copy, watching(database, target.CHECKPOINT, limit):
        preflight.ask_target(database, tables, {name: declared.own[name] for name in suites if name in declared.own})
        with open_session(copy, database, tables, suites, limit) as session:
            asked = report.asking(session, suites)
            notes = session.at_work.notes()
            if not session.at_work.loads:
                notes += preflight.notes(*session.last_load(), copy)
            before = session.books()
            if folder and session.moment.snapshot:
                session.proofs = proofs.load(folder, declared.name, session.ground.plain)
            _compare(session, chosen.progress)
            print("Asking Great Expectations …", file=sys.stderr)
            from expectations import checkpoint

            checks = tuple(
                checkpoint.run(declared, suites, database, data_docs=chosen.data_docs, moment=session.moment)
            )
            lines = tuple(_lines(session))
            notes += [*session.notes, *_own_rows(lines)]
            if not session.counts.keys() & set(session.copied):
                notes.append("The source has none of the tables that models/ declares: nothing of it is in public.")
            if session.books() != before:
                notes.append(
                    "A load or a build has written while this was read, and the embedded engine holds no snapshot: "
                    "differences may be no more than that. Run again when nothing else is at work."
                )
            notes += _weakened(session)
            facts = report.gather(session, _occasion(chosen, declared, suites, began), source, asked())
    notes += _busy(facts)
    seconds = round(time.monotonic() - begun, 1)
    health = report.health(facts)
    verdict = Verdict(declared.name, as_text(source), str(database), lines, checks, tuple(notes), seconds, health)
    written = report.write(verdict, facts, folder) if folder else []
    kept = history.keep(verdict, history.Run(began, command, tuple(suites), chosen.quick), primary)
    if kept and session.proofs and session.proofs.found:
        session.proofs.save(began)
    if chosen.verbose and not kept:
        print("The verdict is not kept in audit.verdicts, into which this login may not write.", file=sys.stderr)
    return verdict, list(written)


def _occasion(
    chosen: argparse.Namespace, declared: preflight.Declared, suites: Sequence[str], began: datetime
) -> Occasion:
    """What the report is of, with the part that it is named by if it is not of the whole."""
    from expectations.report import Occasion

    part = "quick" if chosen.quick else "-".join(suites if chosen.only else ())
    return Occasion(began, declared.suites, tuple(suites), part)


def _show(verdict: Verdict, written: Sequence[Path], chosen: argparse.Namespace) -> None:
    from expectations import terminal

    if chosen.json:
        print(as_json(verdict.document()))
    else:
        terminal.show(verdict)
    sys.stdout.flush()  # the two streams may lead to one place, and one of them is buffered
    if chosen.data_docs:
        print(f"Data Docs: {chosen.data_docs / 'index.html'}", file=sys.stderr)
    if written:
        print(f"Report: {as_text(written[0])}", file=sys.stderr)


def _compare(session: Session, shown: str) -> None:
    """Compare the values while Great Expectations is imported, for both take seconds."""
    if not session.to_compare:
        return
    session.ask_ahead()
    # A package that two threads import at once may be found half made. pyarrow imports pandas when it first makes an
    # array of a list, and the progress bar is a package that Great Expectations has too: both are here beforehand.
    import pandas  # noqa: F401

    from quant.progress import progress

    # A daemon, for whoever interrupts the run need not wait for it.
    importing = Thread(target=importlib.import_module, args=["expectations.checkpoint"], daemon=True)
    with progress(shown, session.rows_to_read()) as reading:
        importing.start()
        session.compare(reading.advance)
    importing.join()


def _lines(session: Session) -> list[TableLine]:
    from expectations.verdict import TableLine

    found = []
    for name, counts in session.counts.items():
        raw, public = session.comparisons.get(name, (None, None))
        compared = [one for one in (raw, public) if one]
        found.append(
            TableLine(
                name,
                counts.source,
                counts.raw,
                counts.rejected,
                public.there if public else counts.public,
                counts.quarantined,
                public.stubs if public else None,
                public.others if public else None,
                "" if not compared else "equal" if all(one.equal for one in compared) else "differ",
            )
        )
    return sorted(found, key=lambda line: (line.public is None, -line.source, line.table))


def _own_rows(lines: Sequence[TableLine]) -> list[str]:
    others = {line.table: line.others for line in lines if line.others}
    if not others:
        return []
    listed = ", ".join(f"{count:,} in {table}" for table, count in others.items())
    return [f"Rows in public that the source does not give (an application's, or deleted in the source): {listed}."]


def _weakened(session: Session) -> list[str]:
    """The rules of the source that do not stand in public, each with the rows that forbid it."""
    from expectations.verdict import WEAKENED

    told = [f"{WEAKENED}{one}." for found in session.judged_rules.values() for one in found.weakened]
    more = [f"And {counted(len(told) - RULES, 'weakened rule')} more: see audit.source_rules."]
    return told[:RULES] + (more if len(told) > RULES else [])


def _busy(facts: Facts) -> list[str]:
    """That queries beyond their budgets are not judged, where `select 1` took long as well."""
    if facts.pulse is None or not facts.pulse.busy or not any(one.beyond for one in facts.times):
        return []
    return [
        f"The machine is busy: `select 1` took {facts.pulse.p95:.1f} ms (p95), more than the {facts.pulse.budget:g} ms "
        "of a quiet one. Queries beyond their budgets are named, but those measured meanwhile are not judged."
    ]


def script() -> NoReturn:
    """The console script `great_expectations`."""
    leave(main)


if __name__ == "__main__":
    script()
