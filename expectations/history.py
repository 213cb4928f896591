"""Keeps each verdict in the target, in `audit.verdicts`."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg2

from expectations.verdict import Verdict
from quant import code
from quant.errors import UserError
from quant.target import CHECKPOINT, Target

COUNTS = ("source", "raw", "rejected", "public", "quarantined", "stubs", "others")
MAY_WRITE = """
    select case when has_schema_privilege(to_regnamespace('audit'), 'usage')
        then has_table_privilege(to_regclass('audit.verdicts'), 'insert') and not pg_is_in_recovery()
            and current_setting('transaction_read_only') = 'off' end
"""
INSERT = """
    insert into audit.verdicts (
        judged_at, checkpoint, command, target, suites, quick, passed, failures, warnings, rows, seconds, load_id,
        code_version
    ) values (
        %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
        (select max(load_id) from raw._loads where finished_at is not null), %s
    )
"""


@dataclass(frozen=True)
class Run:
    """How a verdict came about: when it began, what asked for it, which suites, and whether those of --quick."""

    began: datetime
    command: str
    suites: tuple[str, ...]
    quick: bool


def keep(verdict: Verdict, run: Run, target: Target) -> bool:
    """Write a verdict into the target, where the login may and a build has made the table.

    Returns:
        Whether it is kept.
    """
    rows = {line.table: {name: getattr(line, name) for name in COUNTS} for line in verdict.tables}
    with suppress(UserError, psycopg2.Error), closing(target.connect(CHECKPOINT)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(MAY_WRITE)
            if cursor.fetchone() != (True,):
                return False
            cursor.execute(
                INSERT,
                (
                    run.began,
                    verdict.checkpoint,
                    run.command,
                    str(target),
                    list(run.suites),
                    run.quick,
                    verdict.exit_code == 0,
                    len(verdict.failures) + len(verdict.errors),
                    len(verdict.warnings),
                    json.dumps(rows),
                    verdict.seconds,
                    code.digest(),
                ),
            )
            return True
    return False
