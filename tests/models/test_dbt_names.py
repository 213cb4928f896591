"""Columns of the source that are called like anything in macros, models and the verdict's SQL: each value arrives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from expectations import catalog
from loader.plan import FORBIDDEN_COLUMNS, target_name
from quant.paths import PROJECT
from tests.support import sources
from tests.support.dbt_ground import STAMP, step
from tests.support.places import Place

pytestmark = pytest.mark.story

TABLES = {
    "tickers": "ticker text primary key, name text, region text",
    "ohlcv_data": "id integer primary key, ticker text, timeframe text, date text, region text, close real,"
    " created_at text",
    "etf_holdings": "id integer primary key, etf_ticker text, stock_ticker text, as_of_date text",
}
ROWS = {
    "tickers": [("005930", "Samsung", "KR"), ("", "nobody", "KR")],
    "ohlcv_data": [
        (1, "005930", "D", str(date.today()), None, 1.5, STAMP),
        (2, "005930", "D", "never", "KR", 1.5, STAMP),
    ],
    "etf_holdings": [(1, "069500", "000660", "2020-01-02")],
}


def declared() -> dict[str, set[str]]:
    """The columns that _sources.yml declares, by table."""
    document = yaml.safe_load((PROJECT / "models/staging/_sources.yml").read_text())
    raw = next(group for group in document["sources"] if group["name"] == "raw")
    return {table["name"]: {column["name"] for column in table["columns"]} for table in raw["tables"]}


def statements() -> Iterator[str]:
    """The pieces of SQL in the Python that compares values and keeps the books of raw."""
    for path in sorted((PROJECT / "expectations/parity").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "select" in node.value:
                yield node.value


def words(table: str) -> list[str]:
    """Every word of the SQL that reads the source's columns that one may be called, as SQLite tells them apart."""
    folders = (
        "macros/canonical",
        "macros/durable",
        "macros/staging",
        "packages/timescale/macros",
        "models/staging",
        "models/market",
        "models/audit",
    )
    texts = (path.read_text() for folder in folders for path in sorted((PROJECT / folder).rglob("*.sql")))
    code = (re.sub(r"{#.*?#}|--.*?$|'[^'\n]* [^'\n]*'", " ", text, flags=re.DOTALL | re.MULTILINE) for text in texts)
    found = {word.lower(): word for text in [*code, *statements()] for word in re.findall(r"[A-Za-z_]\w*", text)}
    known = declared()[table] | {"id"}
    return [word for lower, word in found.items() if lower not in known]


def test_every_column_of_public_is_one_that_the_source_may_have() -> None:
    tables = catalog.read().tables
    for table, columns in declared().items():
        if table in tables:
            clauses = tables[table].clauses
            assert set(tables[table].columns) - set(clauses) - columns == {"source_rowid"} - set(clauses), table


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Path:
    """A source with all those columns, each with a value of its own."""
    path = tmp_path_factory.mktemp("source") / f"{place.target.name}.db"
    for table, columns in TABLES.items():
        names = words(table)
        more = "".join(f", {sources.quoted(name)} text" for name in names)
        sources.write(path, f"create table {table} ({columns}{more})")
        for row in ROWS[table]:
            values = [*row, *(f"{number:x}" for number in range(len(names)))]
            sources.write(path, (f"insert into {table} values ({', '.join('?' * len(values))})", values))
    return path


def test_a_build_carries_columns_that_are_called_like_anything_in_it(place: Place, path: Path) -> None:
    step(place, path)
    for table in TABLES:
        names = words(table)
        assert len(names) > 300
        kept = [target_name(name, FORBIDDEN_COLUMNS) for name in names]
        [row] = place.query(f"select {', '.join(map(sources.quoted, kept))} from {table} where source_rowid = 1")
        assert dict(zip(names, row, strict=True)) == {name: f"{number:x}" for number, name in enumerate(names)}, table
    assert place.query("select table_name from audit.conservation where difference <> 0") == []


def test_a_row_with_such_columns_is_whole_in_the_quarantine(place: Place) -> None:
    for table in ("tickers", "ohlcv_data"):
        wanted = {target_name(name, FORBIDDEN_COLUMNS): f"{number:x}" for number, name in enumerate(words(table))}
        [(row,)] = place.query('select "row" from audit.quarantine where table_name = %s', table)
        assert isinstance(row, dict)
        assert wanted.items() <= row.items()


def test_the_verdict_compares_such_columns(place: Place, path: Path) -> None:
    check = ("great_expectations", "checkpoint", "run", "phase1", "--no-report", "--only", "values")
    place.run(*check, SPOCK_SQLITE=str(path))
    name = target_name("source_rowid", FORBIDDEN_COLUMNS)
    place.query(f"update ohlcv_data set {name} = 'another' where id = 1")
    done = place.run(*check, SPOCK_SQLITE=str(path), check=False)
    assert done.returncode == 1
    assert f"{name} is 'another', expected '" in done.stdout


def test_a_new_column_leaves_the_views_of_staging_where_they_are(place: Place, path: Path) -> None:
    step(place, path)
    before = place.query("select 'staging.stg_ohlcv_data'::regclass::oid")
    step(place, path, "alter table ohlcv_data add column brand_new text", "update ohlcv_data set brand_new = 'x'")
    assert place.query("select brand_new from ohlcv_data where id = 1") == [("x",)]
    assert place.query("select 'staging.stg_ohlcv_data'::regclass::oid") == before


def test_names_that_differ_in_case_alone_are_the_declared_ones(place: Place, path: Path) -> None:
    columns = (
        "TICKER text primary key, Region text, QUANTITY integer, Avg_Price real, entry_DATE text, Last_Updated text"
    )
    step(
        place,
        path,
        f"create table portfolio ({columns})",
        ("insert into portfolio values ('005930', 'US', 3, 1.5, '2020-01-02', ?)", [STAMP]),
    )
    sql = "select ticker, region, quantity, avg_price, entry_date::text from portfolio"
    assert place.query(sql) == [("005930", "US", 3, 1.5, "2020-01-02")]
    check = ("great_expectations", "checkpoint", "run", "phase1", "--no-report", "--only", "values")
    place.run(*check, SPOCK_SQLITE=str(path), check=False)
    step(
        place,
        path,
        "alter table portfolio rename column Avg_Price to AVG_price",
        "update portfolio set AVG_price = 2.5",
    )
    assert place.query("select avg_price from portfolio") == [(2.5,)]
    assert place.query("select table_name from audit.conservation where difference <> 0") == []
