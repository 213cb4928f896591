"""Books that were emptied, set back or put ahead between a load and a build: the build compares, public is right."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from tests.support.dbt_ground import SCHEMA, STAMP, price
from tests.support.places import Place
from tests.support.sources import write
from tests.support.verdict_ground import run

LOSSES = {
    "no notes of removed rows": "truncate raw._removed",
    "half of the notes of removed rows": "delete from raw._removed where rowid % 2 = 0",
    "notes of removed rows of another load": "update raw._removed set load_id = 1",
    "fewer removed rows told than noted": "update raw._tables set removed_rows = 0",
    "more removed rows told than noted": "update raw._tables set removed_rows = removed_rows + 5",
    "no tables": "truncate raw._tables",
    "tables as of the first load": "update raw._tables set load_id = 1, noted_since = 1, columns = '{}'",
    "no loads": "truncate raw._loads",
    "loads as of the first one": "delete from raw._loads where load_id > 1",
    "loads ahead": "update raw._loads set load_id = load_id + 500000",  # further than those below
    "a load that never ended": "update raw._loads set finished_at = null",
    "no windows": "truncate raw._windows",
    "windows ahead": "update raw._windows set load_id = load_id + 1000, source_rows = source_rows + 1",
    "no books at all": "truncate raw._removed, raw._tables, raw._loads, raw._windows",
    "no watermarks": "truncate audit.build_state",
    "watermarks set back": "update audit.build_state set load_id = 1 where load_id > 0",
    "watermarks ahead": "update audit.build_state set load_id = load_id + 1000",
}
PUBLIC = "select source_rowid, date::text, close from ohlcv_data where source_rowid > 0 order by 1"
SOURCE = "select id, date, close from ohlcv_data order by 1"


@pytest.fixture(scope="module")
def server(make_place: Callable[[str], AbstractContextManager[Place]]) -> Iterator[Place]:
    with make_place("server") as place:
        yield place


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, server: Place) -> Path:
    path = write(
        tmp_path_factory.mktemp("source") / "books.db",
        *SCHEMA,
        ("insert into tickers values ('005930', '삼성전자', 'KR', 1, 1, '1975-06-11', ?, 'KRX', 'odd')", [STAMP]),
        *(price(number, "005930", f"2020-03-{number:02}", "KR") for number in range(1, 21)),
    )
    load(server, path)
    build(server)
    return path


def load(place: Place, path: Path) -> None:
    place.run("python", "-m", "loader.run", "--source", str(path))


def build(place: Place) -> None:
    place.run("dbt", "build", "--select", "+ohlcv_data", "ohlcv_monthly+", "--exclude-resource-type", "test")


@pytest.mark.parametrize("loss", LOSSES)
def test_the_build_compares_rather_than_trusts(server: Place, path: Path, loss: str) -> None:
    number = list(LOSSES).index(loss)
    write(
        path,
        f"update ohlcv_data set close = {number} + 11 where id = 1",
        f"update ohlcv_data set date = '2021-0{1 + number % 9}-1{number % 10}' where id in (2)",  # leaves its key
        f"update ohlcv_data set ticker = 'AAP{number}', region = 'US' where id = 3",  # needs another parent
    )
    load(server, path)
    server.query(LOSSES[loss])
    build(server)
    assert server.query(PUBLIC) == rows_of(path)
    assert server.query("select ticker from ohlcv_data where source_rowid = 3") == [(f"AAP{number}",)]


def test_the_next_load_and_build_set_every_book_right(server: Place, path: Path) -> None:
    write(path, "update ohlcv_data set close = 99 where id = 1")
    load(server, path)
    server.run("dbt", "build")
    outcome = run(server, path, "--only", "counts", "--only", "values", "--only", "keys")
    assert (outcome.code, outcome.wrong) == (0, []), outcome.said


def rows_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(SOURCE).fetchall()
