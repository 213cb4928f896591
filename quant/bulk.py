"""Writing many rows: checked and typed here, then copied to a temporary table and upserted, all or nothing."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from quant import values
from quant.catalog import DECOMPRESSION_LIMIT, PROVENANCE, Catalog, Table
from quant.errors import InvalidValue, UnknownName
from quant.upsert import STUB, STUBBED, Upsert, listed

CONFLICTS = ("update", "nothing", "error")
FEW = 50  # rows that go as values of the statement: a temporary table takes five more ways to the server
AT_A_TIME = 5000  # rows of CSV
INCOMING = "pg_temp.quant_incoming"

Rows = Iterable[Mapping[str, Any]] | Mapping[str, Any] | pd.DataFrame


Plans = list[tuple[Upsert, pa.Table]]


def prepare(
    catalog: Catalog, table_name: str, rows: Rows, on_conflict: str = "update", new_only: dict[str, str] | None = None
) -> Plans:
    """Check and type rows; nothing is sent.

    Raises:
        UnknownName: for an unknown table or column, and one that the database fills itself.
        InvalidValue: for a value that does not fit, or the same key twice.
    """
    if on_conflict not in CONFLICTS:
        raise InvalidValue(f"on_conflict is {on_conflict!r}: choose one of {', '.join(CONFLICTS)}.")
    groups = _groups(rows)
    table = writable(catalog, table_name, dict.fromkeys(column for columns, _ in groups for column in columns))
    plans = []
    for columns, given in groups:
        part = typed(table, columns, given)
        plan = Upsert(table, columns, on_conflict, new_only or {}, catalog.limits_decompression)
        # Two writers of the same keys meet them in the same order, so that they never wait for each other in a ring.
        plans.append((plan, part.sort_by([(column, "ascending") for column in plan.key]) if plan.key else part))
    _refuse_twice(table, plans)
    return plans


def write(connection: Any, plans: Plans) -> int:
    """Send what was prepared, within the connection's transaction, which the caller ends.

    Returns:
        The rows written: inserted or changed.
    """
    return sum(_write(connection, plan, part) for plan, part in plans)


def writable(catalog: Catalog, table_name: str, columns: Iterable[str]) -> Table:
    """The table, if programs may write these columns.

    Raises:
        UnknownName: otherwise.
    """
    if PROVENANCE in columns:
        raise UnknownName(f"The column {PROVENANCE} says where a row of the source came from: leave it out.")
    table = catalog.table(table_name, columns)
    for column in columns:
        if table.columns[column].generated:
            raise UnknownName(f"The database computes {table.name}.{column} itself: leave it out.")
    return table


def _groups(rows: Rows) -> list[tuple[tuple[str, ...], Any]]:
    """Rows with the same columns together, for a column that is not given is left as it is."""
    if isinstance(rows, pd.DataFrame):
        if not rows.columns.is_unique:
            raise InvalidValue(f"The frame has a column twice: {rows.columns[rows.columns.duplicated()][0]!r}.")
        return [(tuple(map(str, rows.columns)), rows)] if len(rows) else []
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in [rows] if isinstance(rows, Mapping) else rows:
        if not isinstance(row, Mapping):
            raise InvalidValue(f"Rows are dicts or a DataFrame; this one is {type(row).__name__}.")
        groups.setdefault(tuple(sorted(row)), []).append(row)
    return list(groups.items())


def typed(table: Table, columns: Sequence[str], given: Any) -> pa.Table:
    """A frame or rows as the table's types hold them."""
    if not columns:
        raise InvalidValue(f"A row for {table.name} has no columns: give some.")
    keys = {column for key in table.keys for column in key}
    needed = table.keys[0] if table.keys else ()
    made = {}
    for place, column in enumerate(columns):
        here = given.iloc[:, place] if isinstance(given, pd.DataFrame) else [row[column] for row in given]
        where = f"{table.name}.{column}"
        made[column] = values.column(here, table.columns[column].kind, where, column in keys)
        if column in needed and made[column].null_count:
            raise InvalidValue(
                f"{where}, row {pc.index(pc.is_null(made[column]), True).as_py()}: no {column} is given."
            )
        if column == "timeframe":
            made[column] = values.timeframes(made[column])
        if column == "data_source" and table.name in STUBBED and pc.any(pc.equal(made[column], STUB)).as_py():
            raise InvalidValue(
                f"{where} is {STUB!r}, which marks rows that the next build may overwrite: give another."
            )
    return pa.table(made)


def _refuse_twice(table: Table, parts: Plans) -> None:
    """The same key twice in what is given.

    Raises:
        InvalidValue: naming it.
    """
    by_key: dict[tuple[str, ...], list[pa.Table]] = {}
    for plan, part in parts:
        if plan.key:
            by_key.setdefault(plan.key, []).append(part.select(plan.key))
    for key, found in by_key.items():
        rows = found[0] if len(found) == 1 else pa.concat_tables(found).sort_by([(one, "ascending") for one in key])
        rows = rows.combine_chunks()
        same: Any = pa.scalar(True)
        for column in key:  # they are sorted, so the same keys are neighbours; NULLs are never the same
            same = pc.and_(same, pc.equal(rows[column].slice(1), rows[column].slice(0, max(len(rows) - 1, 0))))
        place = pc.index(same, True).as_py() if len(rows) > 1 else -1
        if place >= 0:
            shown = ", ".join(f"{column} {rows[column][place]}" for column in key)
            raise InvalidValue(f"{table.name} is given the same key twice: {shown}.")


def _write(connection: Any, plan: Upsert, part: pa.Table) -> int:
    with connection.cursor() as cursor:
        if plan.table.is_hypertable and plan.limited:
            cursor.execute(f"set local {DECOMPRESSION_LIMIT} = 0")
        within = _within(plan, part)
        leave_equal = bool(within) and _is_compressed(cursor, plan, part)
        if part.num_rows <= FEW:
            incoming, parameters = as_values(plan, part)
            cursor.execute(plan.sql(incoming, within, leave_equal), parameters)
            return int(cursor.rowcount)
        cursor.execute(
            f"create temporary table quant_incoming on commit drop as"
            f" select {listed(part.column_names)} from {plan.relation} with no data"
        )
        cursor.copy_expert(f"copy {INCOMING} ({listed(part.column_names)}) from stdin (format csv)", _Csv(part))
        cursor.execute(plan.sql(INCOMING, within, leave_equal))
        written = int(cursor.rowcount)
        cursor.execute(f"drop table {INCOMING}")
        return written


def as_values(plan: Upsert, part: pa.Table) -> tuple[str, list[Any]]:
    """Few rows as a VALUES list, and its parameters."""
    kinds = [plan.table.columns[column].type for column in part.column_names]
    row = "(" + ", ".join(f"%s::{kind}" for kind in kinds) + ")"
    rows = ", ".join([row] * part.num_rows)
    parameters = [value for line in part.to_pylist() for value in line.values()]
    return f"(select * from (values {rows}) as v ({listed(part.column_names)}))", parameters


def _within(plan: Upsert, part: pa.Table) -> str:
    """The days between which all rows lie, for the planner: only their chunks are read."""
    if not plan.table.is_hypertable or "date" not in (plan.key or ()) or not part.num_rows:
        return ""
    first, last = _bounds(part)
    return f"date between '{first}' and '{last}'"


def _bounds(part: pa.Table) -> tuple[Any, Any]:
    first, last = (bound.as_py() for bound in pc.min_max(part["date"]).values())
    return first, last


def _is_compressed(cursor: Any, plan: Upsert, part: pa.Table) -> bool:
    """Whether rows go into compressed chunks."""
    first, last = _bounds(part)
    cursor.execute(
        "select 1 from timescaledb_information.chunks where hypertable_schema = 'public' and hypertable_name = %s"
        " and is_compressed and range_start <= %s and range_end > %s limit 1",
        (plan.table.name, last, first),
    )
    return cursor.fetchone() is not None


class _Csv:
    """A file of CSV in which NULL is nothing and '' is quoted, as PostgreSQL reads it.

    It is made piece by piece: the server reads one while the next is made.
    """

    def __init__(self, part: pa.Table) -> None:
        self._batches = iter(part.to_batches(max_chunksize=AT_A_TIME))

    def read(self, _size: int = 0) -> bytes:
        batch = next(self._batches, None)
        if batch is None:
            return b""
        buffer = io.BytesIO()
        csv.write_csv(batch, buffer, csv.WriteOptions(include_header=False, quoting_style="needed"))
        return buffer.getvalue()
