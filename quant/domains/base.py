"""The few operations that all domains are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from quant import names, values
from quant.bulk import Rows
from quant.catalog import Table
from quant.core import Row
from quant.errors import IntegrityError, InvalidValue
from quant.literals import Params
from quant.upsert import CREATED, STUB, STUBBED, TOUCHED, name

# A column, an operator and a value; a value of None leaves the filter out.
Filter = tuple[str, str, Any]


class Domain(ABC):
    """What a domain needs of a manager or a transaction."""

    @abstractmethod
    def execute_query(self, query: str, params: Params = None) -> list[Row]: ...
    @abstractmethod
    def execute_update(self, query: str, params: Params = None) -> int: ...
    @abstractmethod
    def query_frame(self, query: str, params: Params = None) -> pd.DataFrame: ...
    @abstractmethod
    def bulk_insert(self, table: str, rows: Rows, on_conflict: str = "update") -> int: ...
    @abstractmethod
    def _write(self, table: str, rows: Rows, on_conflict: str, new_only: dict[str, str]) -> int: ...
    @abstractmethod
    def _insert_one(self, table: str, row: Mapping[str, Any], new_only: dict[str, str], returning: str) -> Any: ...
    @abstractmethod
    def _table(self, name: str, columns: Iterable[str] = ()) -> Table: ...
    @abstractmethod
    def _writable(self, name: str, columns: Iterable[str]) -> Table: ...

    _schema = "public."

    def _query(
        self,
        table: str,
        filters: Sequence[Filter] = (),
        order: str = "",
        limit: Any = None,
        columns: Sequence[str] | None = None,
    ) -> tuple[str, tuple[Any, ...]]:
        """A statement over one table: all columns that programs read, unless told which."""
        known = self._table(table, columns or ())
        here = [one for one in filters if one[2] is not None]
        where = " and ".join(f"{name(column)} {operator} %s" for column, operator, _ in here)
        params = [value for _, _, value in here]
        most = names.as_limit(limit)
        sql = f"select {', '.join(map(name, columns or known.shown))} from {self._schema}{name(table)}"
        sql += f" where {where}" if where else ""
        sql += f" order by {order}" if order else ""
        sql += f" limit {most}" if most is not None else ""
        return sql, tuple(params)

    def _select(self, table: str, filters: Sequence[Filter] = (), order: str = "", limit: Any = None) -> list[Row]:
        return self.execute_query(*self._query(table, filters, order, limit))

    def _first(self, table: str, filters: Sequence[Filter] = (), order: str = "") -> Row | None:
        found = self._select(table, filters, order, 1)
        return found[0] if found else None

    def _region_of(self, ticker: str, region: str | None) -> str:
        """The region that is given, or the ticker's only one, or what its shape says.

        Raises:
            UnknownRegion: when that is not clear.
        """
        if region is not None:
            return names.known_region(region)
        if not isinstance(ticker, str):
            raise InvalidValue(f"The ticker is {ticker!r}: tickers are text, such as '005930'.")
        listed = self.execute_query(*self._query("tickers", [("ticker", "=", ticker)], columns=["region"]))
        return names.resolved_region(ticker, [row["region"] for row in listed])

    def _update(self, table: str, key: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
        """Set columns of the rows with a key; says when, where the table has a column for it.

        Returns:
            The rows that were there.

        Raises:
            UnknownName: for a column that is not there, or not to be written.
            InvalidValue: for a value that does not fit, or a change of the key.
        """
        known = self._writable(table, changes)
        fixed = [column for column in changes if column in (*key, CREATED) or column in (known.keys or ((),))[0]]
        if fixed:
            raise InvalidValue(f"{table}.{fixed[0]} is set once, when the row is made: leave it out of an update.")
        if not changes:
            return 0
        typed = {column: self._typed(known, column, value) for column, value in changes.items()}
        sets = [f"{name(column)} = %s::{known.columns[column].type}" for column in changes]
        sets += [f"{name(column)} = now()" for column in TOUCHED if column in known.columns and column not in changes]
        if table in STUBBED:
            if changes.get("data_source") == STUB:
                raise InvalidValue(f"data_source {STUB!r} marks rows that the next build may overwrite: give another.")
            if "data_source" not in changes:
                sets.append(f"data_source = case when data_source = '{STUB}' then 'application' else data_source end")
            sets.append(
                f"{CREATED} = case when data_source = '{STUB}' then coalesce({CREATED}, now()) else {CREATED} end"
            )
        where = " and ".join(f"{name(column)} = %s" for column in key)
        statement = f"update {self._schema}{name(table)} set {', '.join(sets)} where {where}"
        return self.execute_update(statement, (*typed.values(), *key.values()))

    def _delete(self, table: str, key: Mapping[str, Any]) -> int:
        """Delete the rows with a key, unless they came from the source.

        Raises:
            IntegrityError: for a row of the source, which the migration promises to keep, or one with children.
        """
        has_source = "source_rowid" in self._writable(table, ()).columns
        where = " and ".join(f"{name(column)} = %s" for column in key)
        relation = f"{self._schema}{name(table)}"
        own = " and source_rowid is null" if has_source else ""
        deleted = self.execute_update(f"delete from {relation} where {where}{own}", tuple(key.values()))
        if deleted or not has_source:
            return deleted
        if self.execute_query(f"select 1 as found from {relation} where {where} limit 1", tuple(key.values())):
            shown = ", ".join(f"{column} {value}" for column, value in key.items())
            raise IntegrityError(
                f"The row {shown} of {table} came from the SQLite file: it is kept as long as the file has it. "
                "Delete it there, or mark it as inactive here."
            )
        return 0

    @staticmethod
    def _typed(table: Table, column: str, value: Any) -> Any:
        return values.column([value], table.columns[column].kind, f"{table.name}.{column}").to_pylist()[0]

    def _with_region(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with its region, found by its ticker when it names none."""
        return {**row, "region": self._region_of(row.get("ticker", ""), row.get("region"))}
