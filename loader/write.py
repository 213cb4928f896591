"""A window on its way into raw: its rows, its rejected rows and its entry in the ledger, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from psycopg2 import extensions as psycopg

from loader.ledger import remove
from loader.pgcopy import copy
from loader.plan import Window
from loader.source import quote
from loader.task import Task
from loader.window import Content


def write(cursor: psycopg.cursor, task: Task, content: Content, load_id: int) -> tuple[int, int]:
    """Write what differs; return the rows written and the rows removed or replaced."""
    numbered = np.full(content.rows.num_rows, load_id, np.int64)
    loads = pa.Array.from_buffers(pa.int64(), len(numbered), [None, pa.py_buffer(numbered)])
    rows = content.rows.append_column("_load_id", pa.chunked_array([loads]))
    table, window = task.table.target, task.window
    if task.empty:
        copy(cursor, f"raw.{quote(table)}", rows)
        written, removed = rows.num_rows, 0
    else:
        written, removed = _merge(cursor, task, rows, load_id)
    within = (table, window.low, window.high)
    cursor.execute("delete from raw.rejected_rows where table_name = %s and rowid between %s and %s", within)
    for row in content.rejected:
        cursor.execute(
            'insert into raw.rejected_rows (table_name, rowid, column_name, value, reason, "row", load_id) '
            "values (%s, %s, %s, %s, %s, %s, %s)",
            (table, row.rowid, row.column, row.value, row.reason, row.row, load_id),
        )
    cursor.execute("delete from raw._windows where table_name = %s and low = %s", (table, window.low))
    if content.rows.num_rows or content.rejected:
        cursor.execute(
            "insert into raw._windows (table_name, low, high, source_rows, rejected_rows, fingerprint, pages, load_id) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *(table, window.low, window.high, rows.num_rows + len(content.rejected), len(content.rejected)),
                *(content.fingerprint, window.pages, load_id),
            ),
        )
    return written, removed


def note_pages(cursor: psycopg.cursor, task: Task) -> None:
    """Note what pages a window has now, whose rows are those of the last load."""
    cursor.execute(
        "update raw._windows set pages = %s where table_name = %s and low = %s",
        (task.window.pages, task.table.target, task.window.low),
    )


def _merge(cursor: psycopg.cursor, task: Task, rows: pa.Table, load_id: int) -> tuple[int, int]:
    """Replace only the rows that differ, bit for bit, so that all others keep their `_load_id`."""
    raw = f"raw.{quote(task.table.target)}"
    cursor.execute(f"create temporary table _incoming (like {raw}) on commit drop")
    copy(cursor, "_incoming", rows)
    cursor.execute("analyze _incoming (_rowid)")
    names = [quote(column.target) for column in task.table.columns]
    wrong = conditions(raw, names, task.window, doubtful=task.known is None)
    removed = sum(remove(cursor, task.table.target, one, load_id) for one in wrong)
    listed = ", ".join(["_rowid", *names, "_load_id"])
    cursor.execute(
        f"insert into {raw} ({listed}) select {listed} from _incoming i "
        f"where not exists (select from {raw} t where t._rowid = i._rowid and {_within('t', task.window)})"
    )
    return cursor.rowcount, removed


def conditions(raw: str, names: Sequence[str], window: Window, doubtful: bool) -> list[str]:
    """What is wrong with a row `t` of raw, beside the rows of `_incoming`.

    One by one, and not joined by `or`: below that, a subquery is no join but is run anew for every row.

    Args:
        raw: the table, its name as SQL has it.
        names: of its columns, as SQL has them.
        window: the rows that are asked about.
        doubtful: whether somebody may have put a row there twice.
    """
    # `*=` compares the stored images: -0.0 is not 0.0 to it, as it is not in the source.
    old, new = (f"row({', '.join(f'{t}.{n}' for n in names)})::record" for t in ("t", "i"))
    same = f" and {old} *= {new}" if names else ""
    wrong = [f"not exists (select from _incoming i where i._rowid = t._rowid{same})"]
    if doubtful:
        earlier = f"o._rowid = t._rowid and {_within('o', window)} and o.ctid < t.ctid"
        wrong.append(f"exists (select from {raw} o where {earlier})")
    return [f"{_within('t', window)} and {one}" for one in wrong]


def _within(alias: str, window: Window) -> str:
    return f"{alias}._rowid between {window.low} and {window.high}"
