"""The SQL that writes rows: one statement that inserts, updates, and leaves equal rows alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from quant.catalog import Table

CREATED = "created_at"
TOUCHED = ("last_updated", "updated_at")
STUB = "inferred"
STUBBED = ("tickers", "etfs")  # an application that fills a stub becomes its owner


def name(column: str) -> str:
    """A name as SQL."""
    return '"' + column.replace('"', '""') + '"'


def listed(columns: list[str] | tuple[str, ...], alias: str = "") -> str:
    """Names in a row."""
    return ", ".join(f"{alias}{name(column)}" for column in columns)


@dataclass(frozen=True)
class Upsert:
    """How rows get into a table.

    Attributes:
        table: the table.
        columns: those that are given.
        conflict: what to do with a row whose key is there: update, nothing or error.
        new_only: SQL of values for rows that are new, by column; columns that are given leave them out.
        limited: whether the server limits how many compressed rows a statement may touch.
    """

    table: Table
    columns: tuple[str, ...]
    conflict: str
    new_only: dict[str, str] = field(default_factory=dict)
    limited: bool = False

    @property
    def key(self) -> tuple[str, ...] | None:
        return self.table.key_of(self.columns)

    @property
    def relation(self) -> str:
        return f"public.{name(self.table.name)}"

    def sql(self, incoming: str, within: str = "", leave_equal: bool = False, returning: str = "") -> str:
        """The statement.

        Args:
            incoming: a FROM item with the columns, such as a table's name.
            within: a condition that all stored rows of these keys fulfil, so that few chunks are read for them.
            leave_equal: leave out equal rows before the upsert: in compressed chunks each conflict costs the
                decompression of its batch.
            returning: a column to give back.
        """
        key = self.key
        known = ({CREATED: "now()"} | dict.fromkeys(TOUCHED, "now()") | self.new_only).items()
        extra = {one: sql for one, sql in known if one in self.table.columns and one not in self.columns}
        extra |= {one: f"old.{name(one)}" for one in self._kept if one not in extra}
        source = f"select {', '.join([listed(self.columns, 'i.'), *extra.values()])} from {incoming} as i"
        if key and (self._kept or (leave_equal and self._changing)):
            same = " and ".join(f"old.{name(column)} = i.{name(column)}" for column in key)
            source += f" left join {self.relation} as old on {same}{within and f' and old.{within}'}"
            if self._changing:
                source += f" where old.{name(key[0])} is null or {self._differs('old.', 'i.')}"
            source += f" order by {listed(key, 'i.')}"
        returned = f" returning {name(returning)}" if returning else ""
        columns = listed((*self.columns, *extra))
        return f"insert into {self.relation} as stored ({columns}) {source}{self._on_conflict()}{returned}"

    @property
    def _kept(self) -> list[str]:
        """Columns that are not given, and that a row may not lack.

        PostgreSQL checks the row that is to be inserted before it sees that its key is there, so it gets the stored
        values.
        """
        if self.conflict != "update" or not self.key:
            return []
        open_ones = [one for one in self.table.columns.values() if one.constrained and not one.has_default]
        return [one.name for one in open_ones if one.name not in self.columns and not one.generated]

    @property
    def _changing(self) -> tuple[str, ...]:
        """The columns that an update sets: when a row was made is said once, never moved."""
        fixed = {*(self.key or ()), CREATED}
        return tuple(column for column in self.columns if column not in fixed)

    def _differs(self, left: str, right: str) -> str:
        compared = [column for column in self._changing if column not in TOUCHED] or list(self._changing)
        return f"({listed(compared, left)}) is distinct from ({listed(compared, right)})"

    def _on_conflict(self) -> str:
        if self.conflict == "error" or not self.key:
            return " on conflict do nothing" if self.conflict == "nothing" else ""
        if self.conflict == "nothing" or not self._changing:
            return " on conflict do nothing"
        sets = [f"{name(column)} = excluded.{name(column)}" for column in self._changing]
        sets += [
            f"{name(column)} = now()"
            for column in TOUCHED
            if column in self.table.columns and column not in self.columns
        ]
        if self.table.name in STUBBED:
            stub = f"stored.data_source = '{STUB}'"
            if "data_source" not in self.columns:
                sets.append(f"data_source = case when {stub} then 'application' else stored.data_source end")
            if "is_active" in self.table.columns and "is_active" not in self.columns:
                sets.append(f"is_active = stored.is_active or coalesce({stub}, false)")
            for column in {CREATED, *self.new_only} - {"is_active", *self.columns}:  # what a stub does not know
                kept = f"stored.{name(column)}"
                known = f"case when {stub} then coalesce({kept}, excluded.{name(column)}) else {kept} end"
                sets.append(f"{name(column)} = {known}")
        return (
            f" on conflict ({listed(self.key)}) do update set {', '.join(sets)}"
            f" where {self._differs('stored.', 'excluded.')}"
        )
