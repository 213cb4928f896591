"""An application writes to public as it wrote to the file: what SQLite refuses and fills in, public does.

Every insert is made twice, into the file and into public. They follow from the schema: no table and no column is named
by hand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import psycopg2
import psycopg2.extensions
import pytest

from expectations import catalog
from expectations.catalog import TargetTable
from expectations.expected.parity import copied
from expectations.parity.file_rules import FileRules, of_file
from loader.source import quote
from quant.paths import PROJECT
from tests.support.places import Place

DECLARED = catalog.read()
TABLES = copied(DECLARED)
STAMP = "2024-01-05T09:00:00.123456"
VALUES = {
    "bigint": 7,
    "boolean": 1,
    "date": "2024-01-05",
    "double precision": 1.5,
    "text": "x",
    "timestamptz": STAMP,
}
PARENTS = (
    "insert into tickers (ticker, name, exchange, region, created_at, last_updated) select value, 'x', 'KOSPI', 'KR', "
    f"'{STAMP}', '{STAMP}' from json_each('[\"005930\", \"069500\"]')",
    "insert into etfs (ticker, name, region, created_at, last_updated) select ticker, name, region, created_at, "
    "last_updated from tickers where ticker = '069500'",
)
Row = Mapping[str, object]


@dataclass(frozen=True)
class Both:
    """The file and the database that was made of it."""

    file: sqlite3.Connection
    public: psycopg2.extensions.connection

    def rules(self, table: str) -> FileRules:
        return of_file(self.file, table)

    def into_file(self, table: str, *rows: Row, then: str = "") -> Row | None:
        """What SQLite makes of the last of these rows, or None where it refuses one; nothing of it stays."""
        try:
            for row in rows:
                made = self.file.execute(*_insert(quote(table), row, "?", then))
                found = self.file.execute(f"select * from {quote(table)} where rowid = ?", (made.lastrowid,))
            return dict(zip((column[0] for column in found.description), found.fetchone(), strict=True))
        except sqlite3.IntegrityError:
            return None
        finally:
            self.file.rollback()

    def into_public(self, table: str, *rows: Row, then: str = "") -> Row | None:
        """The same of PostgreSQL."""
        try:
            with self.public.cursor() as cursor:
                for row in rows:
                    cursor.execute(*_insert(f"public.{quote(table)}", row, "%s", f"{then} returning *"))
                assert cursor.description
                return dict(zip((column.name for column in cursor.description), cursor.fetchone() or (), strict=True))
        except psycopg2.IntegrityError:
            return None
        finally:
            self.public.rollback()


def _insert(relation: str, row: Row, mark: str, then: str) -> tuple[str, list[object]]:
    names, marks = ", ".join(map(quote, row)), ", ".join(mark for _ in row)
    return f"insert into {relation} ({names}) values ({marks}) {then}", list(row.values())


@pytest.fixture(scope="module")
def both(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """A database of Spock's own schema that holds the parents which rows need, and nothing else."""
    path = tmp_path_factory.mktemp("source") / "spock.db"
    with closing(sqlite3.connect(path)) as file:
        file.executescript((PROJECT / "sample/schema.sql").read_text(encoding="utf-8"))
        for statement in PARENTS:
            file.execute(statement)
        file.commit()
        place.run("python", "-m", "loader.run", "--source", str(path))
        place.run("dbt", "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        with closing(place.target.connect("tests")) as public:
            yield Both(file, public)


def base(table: TargetTable, rules: FileRules) -> dict[str, object]:
    """A row that the file takes, without the number that SQLite gives it."""
    tickers = {ticker for ticker, _ in table.regions().values()}
    row: dict[str, object] = {}
    for name in rules.types:
        if name != rules.number:
            row[name] = VALUES[table.columns[name]]
        if name in tickers:
            row[name] = "NEW" if table.name == "tickers" else "069500" if name == "etf_ticker" else "005930"
    return row | ({"region": "KR"} if "region" in row else {}) | ({"timeframe": "W"} if "timeframe" in row else {})


def in_public(table: TargetTable, row: Row) -> dict[str, object]:
    """The same row as an application writes it to public: with the regions of its tickers, and a truth for a number."""
    regions = {region: "KR" for region, (ticker, _) in table.regions().items() if ticker in row}
    told = {name: bool(value) if table.columns[name] == "boolean" else value for name, value in row.items()}
    return regions | told


def without(row: Row, column: str) -> Row:
    return {name: value for name, value in row.items() if name != column}


def filled(value: object) -> object:
    """What two databases fill in, in one form; the present time is 'now'."""
    if isinstance(value, bool):
        return int(value)
    return "now" if str(value).startswith("20") and len(str(value)) > len("2024-01-05") else value


@pytest.mark.parametrize("name", TABLES)
def test_what_is_left_out_is_filled_in_or_refused_as_in_the_file(both: Both, name: str) -> None:
    table, rules = DECLARED.tables[name], both.rules(name)
    row = base(table, rules)
    assert both.into_file(name, row) is not None
    assert both.into_public(name, in_public(table, row)) is not None
    for column in row:
        there = both.into_file(name, without(row, column))
        here = both.into_public(name, without(in_public(table, row), column))
        if there is None:
            # A moment of writing is filled in for whoever leaves it out.
            assert here is None or column in ("created_at", "last_updated"), f"{name} without {column}"
        elif column in (*table.key, *table.required):
            assert here is None or filled(here[column]) == filled(there[column]), f"{name} without {column}"
        else:
            assert here is not None, f"{name} without {column}"
            assert filled(here[column]) == filled(there[column]), f"{name} without {column}"


@pytest.mark.parametrize("name", TABLES)
def test_a_null_is_refused_or_kept_as_in_the_file(both: Both, name: str) -> None:
    table, rules = DECLARED.tables[name], both.rules(name)
    row = base(table, rules)
    for column in row:
        there, here = (
            both.into_file(name, row | {column: None}),
            both.into_public(name, in_public(table, row) | {column: None}),
        )
        if there is None:
            assert here is None, f"{name} with {column} NULL"
        elif column not in (*table.key, *table.required):
            assert here is not None, f"{name} with {column} NULL"
            assert here[column] is None, f"{name} with {column} NULL"


@pytest.mark.parametrize("name", TABLES)
def test_ids_count_on_and_no_row_of_an_application_has_a_rowid_of_the_source(both: Both, name: str) -> None:
    table, rules = DECLARED.tables[name], both.rules(name)
    here = both.into_public(name, in_public(table, base(table, rules)))
    assert here is not None
    assert here["source_rowid"] is None
    assert rules.number is None or isinstance(here[rules.number], int)


@pytest.mark.parametrize("name", TABLES)
def test_a_second_row_of_the_same_key_is_refused_and_an_upsert_finds_the_key(both: Both, name: str) -> None:
    table, rules = DECLARED.tables[name], both.rules(name)
    row = base(table, rules)
    told = in_public(table, row)
    for group in rules.unique:
        if group == {rules.number}:
            continue
        beside = group | {region for region, (ticker, _) in table.regions().items() if ticker in group}
        assert both.into_file(name, row, row) is None
        assert both.into_public(name, told, told) is None
        then = f"on conflict ({', '.join(sorted(group))}) do update set created_at = excluded.created_at"
        then = then.replace("created_at", "last_updated") if "created_at" not in row else then
        assert both.into_file(name, row, row, then=then) is not None, f"{name} on {sorted(group)}"
        then = then.replace(", ".join(sorted(group)), ", ".join(sorted(beside)))
        assert both.into_public(name, told, told, then=then) is not None, f"{name} on {sorted(beside)}"


def test_fundamentals_have_the_key_on_which_the_programs_upsert_too(both: Both) -> None:
    table = DECLARED.tables["ticker_fundamentals"]
    row = in_public(table, base(table, both.rules("ticker_fundamentals")))
    then = "on conflict (ticker, region, date, period_type) do update set per = excluded.per"
    assert (both.into_public("ticker_fundamentals", row, row | {"per": 3.5}, then=then) or {})["per"] == 3.5
