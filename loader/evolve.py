"""How raw follows the source: what is new, changed or gone since the last load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from loader import types
from loader.ledger import Entry, Ledger
from loader.plan import LARGEST_ROWID, MOST_COLUMNS, Column, Plan, TablePlan, too_many_columns
from loader.source import quote
from quant.errors import UserError
from quant.paths import PROJECT

OWN_SCHEMAS = ("staging", "audit", "factors")


@dataclass(frozen=True)
class Change:
    """One difference between the source's shape and raw's, as a sentence; `ddl` is what dlt will not do by itself.

    `lost` says that the table is not loaded.
    """

    table: str
    says: str
    ddl: str | None = None
    lost: bool = False


@dataclass(frozen=True)
class TableState:
    """How a table of the plan stands in raw before the load.

    `known` are its windows in the ledger; they are trusted only if raw has every column, as many rows, kept and
    rejected, as they say, and the windows are cut in the same way. `trusted` False means that every row is compared.
    """

    table: TablePlan
    exists: bool
    raw_rows: int
    known: dict[int, Entry]
    trusted: bool


def inspect(plan: Plan, ledger: Ledger, distrust: bool = False) -> tuple[list[TableState], list[Change]]:
    """Hold the plan against the target: each table's state, with the types that raw can keep, and the changes.

    Raises:
        UserError: when somebody gave a column of raw a type that no load writes.
    """
    present, windows, rejected = ledger.columns(), ledger.windows(), ledger.rejected()
    states: list[TableState] = []
    changes = [Change(table, why, lost=True) for table, why in plan.refused.items()]
    for table in plan.tables:
        columns, known = present.get(table.target), windows.get(table.target, {})
        set_aside = rejected.get(table.target, 0)
        if columns is None:
            if present:
                changes.append(Change(table.target, f"Table {table.target} is new."))
            changes += _renamed(table, table.columns)
            states.append(TableState(table, False, 0, known, not known and not set_aside))
            continue
        new = [column for column in table.columns if column.target not in columns]
        if new and ledger.width(table.target) + len(new) > MOST_COLUMNS:
            changes.append(Change(table.target, too_many_columns(table.source), lost=True))
            continue
        fitted, changed = _reconcile(table, columns, ledger)
        changes += _renamed(table, new)
        changes += changed
        rows = ledger.count(table.target)
        width = plan.window_width if table.source.has_rowid else LARGEST_ROWID
        cut_alike = all(entry.high - entry.low == width for entry in known.values())
        sound = rows == sum(entry.rows - entry.rejected for entry in known.values())
        sound = sound and set_aside == sum(entry.rejected for entry in known.values())
        whole = all(column.target in columns for column in table.columns)
        states.append(TableState(fitted, True, rows, known, cut_alike and sound and whole and not distrust))
    return states, changes


def _renamed(table: TablePlan, columns: Iterable[Column]) -> list[Change]:
    """Names that raw cannot have, told when their columns are new."""
    says = "Column {}.{} is {} in raw, where no column can have its name."
    return [
        Change(table.target, says.format(table.target, column.source or '""', column.target))
        for column in columns
        if column.source != column.target
    ]


def dropped_tables(all_tables: set[str], ledger: Ledger) -> list[Change]:
    """Tables of raw that the source no longer has; they stay as they are."""
    return [
        Change(name, f"Table {name} is gone from the source; raw keeps its last state, until you drop it there.")
        for name in sorted(ledger.columns().keys() - all_tables)
    ]


def source_renamed(file: str, ledger: Ledger) -> list[Change]:
    """Told of a file that is not called like the last one: raw, and public after it, will follow that."""
    last = next(iter(ledger.loads(1)), None) if ledger.exists() else None
    if last is None or last.source == file:
        return []
    return [Change("", f"The last load was of {last.source}; from now on raw follows {file}.")]


def _reconcile(table: TablePlan, present: dict[str, str], ledger: Ledger) -> tuple[TablePlan, list[Change]]:
    changes: list[Change] = []
    columns: list[Column] = []
    for wanted in table.columns:
        column, was = wanted, present.get(wanted.target)
        if was is None:
            changes.append(Change(table.target, f"Column {table.target}.{column.source} is new ({column.type})."))
        elif was != column.type:
            if _can_become(was, column.type) or ledger.all_null(table.target, column.target):
                changes.append(_retype(table, column, was))
            elif was not in types.OF_CLASS.values():
                raise UserError(
                    f"Column {column.target} of raw.{table.target} is {was}, a type that no load makes: drop it, or "
                    f"alter it to {column.type}, and run again."
                )
            else:
                at = next(c for c in table.source.columns if c.name == column.source)
                column = replace(column, type=was, guard=types.guard(at, was))
        columns.append(column)
    here = {column.target for column in columns} | {"_rowid", "_load_id"}
    for name in present.keys() - here:
        changes.append(Change(table.target, f"Column {table.target}.{name} is gone from the source; raw keeps it."))
    return _fitted(table, tuple(columns)), changes


def _fitted(table: TablePlan, columns: tuple[Column, ...]) -> TablePlan:
    """The table with the types that raw keeps, which decide, with the pages, what the rows become."""
    windows, wanted = table.windows, set(table.columns)
    if kept := [f"{column.target} {column.type}" for column in columns if column not in wanted]:
        windows = tuple(replace(one, pages=one.pages and f"{one.pages} {', '.join(kept)}") for one in windows)
    return replace(table, columns=columns, windows=windows)


def _can_become(was: str, wanted: str) -> bool:
    """Reals have come among the integers of a column that SQLite does not type."""
    return (was, wanted) == (types.BIGINT, types.DOUBLE)


def _retype(table: TablePlan, column: Column, was: str) -> Change:
    name, wanted = quote(column.target), column.type
    return Change(
        table.target,
        f"Column {table.target}.{column.source} becomes {wanted} (it was {was}).",
        f"alter table raw.{quote(table.target)} alter column {name} type {wanted} using {name}::text::{wanted}",
    )


def apply(changes: list[Change], ledger: Ledger) -> None:
    """Carry out the changes of type; new tables and columns are dlt's to make.

    PostgreSQL alters no column that a view reads. The project's own views on raw go with the change, for
    `dbt build` makes them again; anybody else's are not ours to drop.

    Raises:
        UserError: when a view of somebody else stands on the column.
    """
    import psycopg2

    ours = {(schema, path.stem) for schema in OWN_SCHEMAS for path in (PROJECT / "models" / schema).rglob("*.sql")}
    for change in changes:
        if change.ddl:
            views = ledger.views_on(change.table)
            foreign = [view for schema, name, view in views if (schema, name) not in ours]
            drop = f"drop view {', '.join(view for *_, view in views)};" if views and not foreign else ""
            try:
                with ledger.connection.cursor() as cursor:
                    cursor.execute(drop + change.ddl)  # one message is one transaction
            except (psycopg2.errors.FeatureNotSupported, psycopg2.errors.DependentObjectsStillExist) as error:
                raise UserError(
                    f"{change.says} PostgreSQL refuses while something reads it: {', '.join(foreign) or error}. "
                    "Drop that, load, and make it again."
                ) from error


def rows_outside_windows(table: TablePlan, rowid: str) -> str:
    """The condition for rows that are outside all windows of a table that is compared anew."""
    return " and ".join(f"not ({rowid} between {window.low} and {window.high})" for window in table.windows) or "true"
