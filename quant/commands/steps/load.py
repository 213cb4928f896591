"""The load of a sync, and whether there is anything to do at all."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from loader import load as loading
from loader.ledger import Ledger
from quant.code import digest
from quant.commands.steps import Step
from quant.errors import NOT_WELL, WELL
from quant.progress import say
from quant.target import Target
from quant.text import counted

# The last verdict: of a sync that loaded and built with this code, with no load or build after it.
IN_STEP = """
    select v.warnings
    from (select * from audit.verdicts order by judged_at desc limit 1) as v
    where v.command = 'sync' and v.passed and v.code_version = %s
        and v.load_id = (select max(load_id) from raw._loads)
        and v.judged_at > (select max(built_at) from audit.build_state)
"""
THERE = """
    select case when has_schema_privilege(to_regnamespace('audit'), 'usage')
        then has_table_privilege(to_regclass('audit.verdicts'), 'select') end
"""


def unchanged(source: Path, target: Target) -> Step | None:
    """What to say where the file is the one that was last loaded, built and judged by this code; else None."""
    with target.connected() as connection:
        ledger = Ledger(connection)
        with connection.cursor() as cursor:
            cursor.execute(THERE)
            if cursor.fetchone() != (True,):
                return None
            cursor.execute(IN_STEP, (digest(),))
            found = cursor.fetchone()
        if found is None or not loading.is_loaded(source, ledger):
            return None
        rejected = sum(ledger.rejected().values())
    code, document = NOT_WELL if rejected else WELL, {"rejected": rejected}
    return Step("unchanged", code, "nothing has changed", warnings=int(found[0]), document=document)


def load(source: Path, target: Target, shown: str, limit: int) -> Step:
    """Bring raw into step.

    Raises:
        UserError: when it could not run.
    """
    gc.set_threshold(100_000)  # as loader.run does, and for the same reasons
    sys.setswitchinterval(0.001)
    summary = loading.load(loading.Options(source, target.name, progress=shown, wait_limit=limit), target)
    for line in (*summary.changes, *summary.warnings):
        say(f"load: {line}")
    rows = sum(line.rows for line in summary.tables.values())
    written = sum(line.written for line in summary.tables.values())
    removed = sum(line.removed for line in summary.tables.values())
    said = (
        f"nothing has changed since the last load, {summary.seconds:.1f} s"
        if summary.unchanged
        else f"{counted(rows, 'row')}, {written:,} written, {removed:,} removed or replaced, {summary.seconds:.1f} s"
    )
    if summary.rejected:
        said += f", {counted(summary.rejected, 'row is', 'rows are')} in raw.rejected_rows"
    document = summary.document() | {"rows": rows, "written": written, "removed": removed}
    return Step("load", WELL if summary.well else NOT_WELL, said, tuple(summary.warnings), 0, document)
